"""Case `encoding`: from tokens to float32 one-hot letters on the device, against other encoders.

Ours is the layer that is in every network, in a graph of TensorFlow, with the tokens on the device;
NumPy looks rows of an identity matrix up; SeqPro and tangermeme encode letters, as they keep them,
and are brought to float32. All take 512 records at a time, tangermeme one by one. The environment
variable N is the number of records (50,000 by default), of 200 letters each.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from measure import alternate, ask, over_rounds, peer, peer_has, ratios, rounds, size
from sequences import simulate

LENGTH = 200
BATCH = 512
PASSES = 5
PEERS_OF_CASE = ("seqpro", "tangermeme")


def encode(path: str) -> dict[str, float]:
    """Encode all records by our layer in this process, several times; give letters a second."""
    from seqarena.models.devices import configure

    configure("auto", os.cpu_count())
    import tensorflow as tf

    from seqarena.models.layers import OneHot

    layer, tokens = OneHot(), np.load(path)
    encode_batch = tf.function(layer, input_signature=[tf.TensorSpec([None, LENGTH], tf.uint8)])
    batches = [tf.constant(tokens[start : start + BATCH]) for start in range(0, len(tokens), BATCH)]
    encode_batch(batches[0])
    seconds = []
    for _ in range(PASSES):
        started = time.perf_counter()
        for batch in batches:
            encoded = encode_batch(batch)
        encoded.numpy()  # waits for the device
        seconds.append(time.perf_counter() - started)
    return {"letters_per_second": tokens.size / statistics.median(seconds)}


def main() -> None:
    """Let all encode the same records in turn."""
    from table import write_figures

    n = size(50_000)
    with tempfile.TemporaryDirectory(prefix="seqarena-encoding-") as folder:
        path = Path(folder) / "tokens.npy"
        np.save(path, simulate(n, LENGTH)[0])
        _, *look_up = peer("one_hot.py", "numpy", path)
        contenders = {
            "seqarena": partial(ask, [sys.executable, __file__, path]),
            "numpy": partial(ask, [sys.executable, *look_up]),
        }
        for name in PEERS_OF_CASE:
            if peer_has(name):
                contenders[name] = partial(ask, peer("one_hot.py", name, path))
        measured = alternate(contenders, rounds())
    figures, names = [("records", n, "records")], ("seqarena", "numpy", *PEERS_OF_CASE)
    rates = {
        name: [run["letters_per_second"] / 1e6 for run in measured.get(name, [])] for name in names
    }
    for name in names:
        figures += over_rounds(f"{name}_megabases_per_second", rates[name], "Mb/s")
    for name in names[1:]:
        figures += ratios(f"ratio_to_{name}", rates["seqarena"], rates[name])
    write_figures("encoding", [*figures, ("rounds", rounds(), "runs")])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(encode(sys.argv[1])))
    else:
        main()
