"""
PyTorch's side of the training benchmark: the same head, and the same CNN, on one thread with its default Adam.

    python3 train.py FOLDER

FOLDER holds features, labels and the head's weights as bytes (torch.ts writes them). Each line on stdin, `head 10` or
`cnn 10`, takes so many steps and answers with one line: {"ms": of one step, "loss": mean over the steps}.
"""
import json
import pathlib
import sys
import time

try:
    import torch
except ImportError as error:
    print(json.dumps({"error": str(error)}), flush=True)
    sys.exit(0)

torch.set_num_threads(1)
FOLDER = pathlib.Path(sys.argv[1])
SIZES = json.loads((FOLDER / "sizes.json").read_text())


def read(name, dtype, *shape):
    return torch.frombuffer(bytearray((FOLDER / name).read_bytes()), dtype=dtype).reshape(shape)


def create_head():
    layers = []
    for i, (inputs, outputs) in enumerate(SIZES["layers"]):
        linear = torch.nn.Linear(inputs, outputs)
        with torch.no_grad():
            # A kernel is [inputs, outputs] here and [outputs, inputs] there.
            linear.weight.copy_(read(f"kernel-{i}", torch.float32, inputs, outputs).T)
            linear.bias.zero_()
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def create_cnn():
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 3, padding="same"),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(16, 32, 3, padding="same"),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(32 * 7 * 7, SIZES["classes"]),
    )


def create_step(model, x, labels):
    # eps as TensorFlow.js has it on WASM, so that the losses can be compared.
    optimizer = torch.optim.Adam(model.parameters(), lr=SIZES["rate"], eps=1e-7)
    measure = torch.nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad()
        loss = measure(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def main():
    batch, inputs = SIZES["batch"], SIZES["layers"][0][0]
    labels = read("labels", torch.int32, batch).long()
    steps = {
        "head": create_step(create_head(), read("features", torch.float32, batch, inputs), labels),
        "cnn": create_step(create_cnn(), torch.rand(batch, 1, 28, 28), labels),
    }
    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        name, count = line.split()
        start = time.perf_counter()
        losses = [steps[name]() for _ in range(int(count))]
        ms = (time.perf_counter() - start) * 1000 / len(losses)
        print(json.dumps({"ms": ms, "loss": sum(losses) / len(losses)}), flush=True)


main()
