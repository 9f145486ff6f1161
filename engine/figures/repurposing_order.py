"""In which order the drugs and the cancer types of the repurposing matrix stand."""

import numpy as np

ORDERS = {
    "cluster": "Clustered",
    "hits": "Most sensitive types first",
    "value": "Most sensitive cell first",
    "name": "By name",
}

MOST_CLUSTERED = 3_000  # rows; a dendrogram needs the distances of all pairs, 36 MB of them here


def clustered(values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """The order of a dendrogram's leaves: Ward's linkage on Euclidean distances.

    values: (r, c), missing ones stand for their column's mean. weights: (r,), a dendrogram has no up and down, so at
    every fork the branch with the lower mean weight comes first; without them neighbours are made as alike as can be,
    which is for few rows only. Returns (r,) positions.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage

    if len(values) < 3 or values.shape[1] == 0:
        return np.arange(len(values)) if weights is None else np.argsort(weights, kind="stable")
    known = np.isfinite(values)
    means = np.where(known, values, 0.0).sum(0) / np.maximum(known.sum(0), 1)
    filled = np.where(known, values, means)
    if weights is None:
        return leaves_list(linkage(filled, "ward", optimal_ordering=True))
    leaves = [[one] for one in range(len(filled))]
    total = [float(weight) for weight in weights]
    for left, right, *_ in linkage(filled, "ward"):
        a, b = int(left), int(right)
        if total[a] / len(leaves[a]) > total[b] / len(leaves[b]):
            a, b = b, a
        leaves.append(leaves[a] + leaves[b])
        total.append(total[a] + total[b])
    return np.array(leaves[-1])


def row_order(how: str, values: np.ndarray, n_types: np.ndarray, names: np.ndarray, low_first: bool) -> np.ndarray:
    """The order of the drugs.

    how: one of ORDERS; more than MOST_CLUSTERED rows are not clustered, the most sensitive types come first instead.
    values: (r, t) of the measure shown; n_types: (r,) sensitive types; names: (r,).
    low_first: whether low values are the sensitive ones, as of ln(IC50).
    """
    by_name = np.argsort(np.char.lower(names.astype(str)), kind="stable")
    if how == "name" or not len(values):
        return by_name
    sign = 1.0 if low_first else -1.0
    known = np.isfinite(values)
    mean = sign * np.where(known, values, 0.0).sum(1) / np.maximum(known.sum(1), 1)
    rank = np.argsort(by_name)
    if how == "value":
        best = np.where(known, sign * values, np.inf).min(1, initial=np.inf)
        return np.lexsort((rank, mean, best))
    if how == "hits" or len(values) > MOST_CLUSTERED:
        return np.lexsort((rank, mean, -n_types))
    return clustered(values, mean)


def column_order(how: str, values: np.ndarray, types: tuple[str, ...], first: str | None = None) -> np.ndarray:
    """The order of the cancer types: clustered with the drugs, else by name. values: (r, t). first: one of them."""
    if how == "cluster" and len(values) > 1:
        order = clustered(values.T)
    else:
        order = np.array(sorted(range(len(types)), key=lambda one: types[one]), dtype=int)
    if first not in types:
        return order
    place = types.index(first)
    return np.concatenate([[place], order[order != place]])
