"""Constrained k-means: `k-means-constrained` beside genrec.

    python benches/peers/kmeans.py target/release/deps/peers-... FOLDER

Both begin with k-means++ of their own, ten iterations at most, one start; another seed every round. The agreement is the ratio of the sums of the costs of
all rounds, ours by the peer's.
"""

import sys

import numpy
from k_means_constrained import KMeansConstrained

from peers import Ours, compare, folder

SIZES = [(9_922, 256, 19, 76), (256, 10, 10, 60)]


def main(ours, path):
    path = folder(path)
    for points, clusters, least, most in SIZES:
        rows = numpy.random.default_rng(1).standard_normal((points, 32), dtype=numpy.float32)
        (path / "rows.f32").write_bytes(rows.tobytes())
        child = Ours(ours, "k-means", path, 32, clusters, least, most)
        seeds, costs = iter(range(100)), []

        def peer():
            fitted = KMeansConstrained(clusters, size_min=least, size_max=most, n_init=1, max_iter=10, random_state=next(seeds)).fit(rows)
            assert numpy.bincount(fitted.labels_, minlength=clusters).min() >= least
            costs.append(float(((rows - fitted.cluster_centers_[fitted.labels_]) ** 2).sum()))
            return costs

        agree = lambda theirs, mine: sum(mine) / sum(theirs)
        compare(f"constrained k-means, {points:,} x 32, {clusters} clusters of {least} to {most}", peer, child, "fit", 3 if points > 1_000 else 15, 1, agree)
        child.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
