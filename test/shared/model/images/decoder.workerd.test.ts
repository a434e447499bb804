import { decoderModule } from '../../../../shared/model/images/decoders-worker.ts';
import { testDecoder } from './decoder-suite.ts';

testDecoder(decoderModule, 500);
