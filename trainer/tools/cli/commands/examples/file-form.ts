/**
 * How a file of examples is read, by a command's options and by what the model's spec knows from the table that it was
 * created from.
 */
import type { Spec } from '../../../../../shared/model/spec/spec.ts';
import type { ColumnNames } from '../../../../data-import/readers/example-source.ts';
import { createZone } from '../../../../data-import/readers/time-zone.ts';
import { unwrap } from '../../failure.ts';
import { type FromOptions, toMark } from '../models/create-from.ts';

/** As the options say, else as the spec does, which knows from the table that the model was created from. */
export function columnsOf(spec: Spec, { label, time, group, id, ignore = [] }: FromOptions): ColumnNames {
  const known = spec.columns;
  const target = spec.task === 'regression' ? spec.target.name : undefined;
  // Columns that the spec leaves out are left out, unless they have another part now.
  const used = [label, time, group, id];
  const left = (known?.ignore ?? []).filter((name) => !used.includes(name));
  return {
    label: label ?? known?.label ?? target ?? 'label',
    time: time ?? known?.time ?? null,
    group: group ?? known?.group ?? null,
    id: id ?? known?.id ?? null,
    ignore: [...new Set([...left, ...ignore])],
  };
}

/** How a file's texts are meant: as the options say, else as the spec does. */
export function formOf({ columns }: Spec, options: FromOptions) {
  const zone = options.timeZone ?? columns?.timeZone;
  const known = zone === undefined ? null : unwrap(createZone(zone));
  let zoneless = false;
  return {
    delimiter: toMark(options.delimiter ?? columns?.delimiter),
    encoding: options.encoding ?? columns?.encoding ?? null,
    decimal: options.decimal ?? columns?.decimal ?? null,
    moments: {
      order: options.dateOrder ?? columns?.order,
      // Asked only about times that name no zone.
      toUtc: (wallMs: number): number => {
        zoneless ||= known === null;
        return known === null ? wallMs : known(wallMs);
      },
    },
    zone: zone ?? null,
    /** Whether a time named no zone, and nobody said which was meant. */
    assumedUtc: () => zoneless,
  };
}
