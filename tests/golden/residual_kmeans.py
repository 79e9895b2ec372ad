"""Reconstruction errors of faiss, which residual k-means and product quantization of genrec-quantize are held against:
`python tests/golden/residual_kmeans.py > tests/golden/residual_kmeans.json` (faiss-cpu 1.15, one thread: more change the last digits).

With a matrix, `python tests/golden/residual_kmeans.py ROWS.safetensors CODEWORDS`, prints errors and seconds on that one instead.
"""

import json
import sys
import time

import faiss
import numpy as np

ROWS, D, LEVELS, SIZE = 4000, 32, 4, 64


def whole_numbers(count, seed):
    """The upper 16 bits of Knuth's MMIX generator, from -2^15 on: the test makes the same."""
    state, out = seed, np.empty(count, dtype=np.int64)
    for i in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out[i] = (state >> 48) - 2**15
    return out


def synthetic():
    """Twice one of 20 centres, one of 37, and noise; exact in 32-bit floats."""
    coarse, fine = whole_numbers(20 * D, 1).reshape(20, D), whole_numbers(37 * D, 2).reshape(37, D)
    noise, i = whole_numbers(ROWS * D, 3).reshape(ROWS, D), np.arange(ROWS)
    return ((2 * coarse[i % 20] + fine[i % 37] + noise) / 2**16).astype(np.float32)


def error(rows, back):
    return float(((rows.astype(np.float64) - back) ** 2).mean())


def successive(rows, size, seed):
    left, back = rows.copy(), np.zeros_like(rows)
    for level in range(LEVELS):
        kmeans = faiss.Kmeans(rows.shape[1], size, niter=50, seed=seed + level, max_points_per_centroid=10**6)
        kmeans.train(left)
        chosen = kmeans.centroids[kmeans.index.search(left, 1)[1][:, 0]]
        left, back = left - chosen, back + chosen
    return back


def additive(rows, size, beam, train_type=None):
    quantizer = faiss.ResidualQuantizer(rows.shape[1], LEVELS, int(np.log2(size)))
    quantizer.max_beam_size = beam
    quantizer.cp.niter = 50
    if train_type is not None:
        quantizer.train_type = train_type
    quantizer.train(rows)
    return quantizer.decode(quantizer.compute_codes(rows))


def product(rows, size):
    quantizer = faiss.ProductQuantizer(rows.shape[1], LEVELS, int(np.log2(size)))
    quantizer.cp.niter = 50
    quantizer.train(rows)
    return quantizer.decode(quantizer.compute_codes(rows))


def rotated_product(rows, size):
    matrix = faiss.OPQMatrix(rows.shape[1], LEVELS)
    matrix.niter = 50
    matrix.pq = faiss.ProductQuantizer(rows.shape[1], LEVELS, int(np.log2(size)))
    matrix.train(rows)
    return matrix.reverse_transform(product(matrix.apply(rows), size))


def all_errors(rows, size):
    refine = faiss.ResidualQuantizer.Train_progressive_dim | faiss.ResidualQuantizer.Train_refine_codebook
    for name, run in [
        ("successive", lambda: successive(rows, size, 1)),
        ("residual beam 1", lambda: additive(rows, size, 1)),
        ("residual beam 4", lambda: additive(rows, size, 4)),
        ("residual beam 5", lambda: additive(rows, size, 5)),
        ("residual beam 8", lambda: additive(rows, size, 8)),
        ("residual beam 5, refined", lambda: additive(rows, size, 5, refine)),
        ("residual beam 8, refined", lambda: additive(rows, size, 8, refine)),
        ("product", lambda: product(rows, size)),
        ("product, rotated", lambda: rotated_product(rows, size)),
    ]:
        start = time.time()
        yield name, error(rows, run()), time.time() - start


faiss.omp_set_num_threads(1)
if len(sys.argv) > 1:
    from safetensors.numpy import load_file

    (matrix,) = load_file(sys.argv[1]).values()
    variance = error(matrix, matrix.mean(0))
    for name, found, seconds in all_errors(matrix, int(sys.argv[2])):
        print(f"{name}: {found / variance:.4f} of the variance, {seconds:.1f} s")
else:
    print(json.dumps({name: float(f"{found:.6g}") for name, found, _ in all_errors(synthetic(), SIZE)}))
