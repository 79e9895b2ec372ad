"""Golden numbers for LETTER's regularizers, its whole loss and its collision rounds, by PyTorch autograd in double precision.

    python tests/golden/letter.py

writes tests/golden/letter/*.json. Needs only PyTorch. The formulas are those of the paper (Wang et al., 2024, section 3) and, where its released
code computes something else, of that code; the cases name which.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

OUT = Path(__file__).parent / "letter"
torch.set_default_dtype(torch.float64)


def rounded(value):
    if isinstance(value, torch.Tensor):
        value = value.detach().tolist()
    if isinstance(value, list):
        return [rounded(v) for v in value]
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return round(value, 9) if isinstance(value, float) else value


def save(name, content):
    OUT.mkdir(exist_ok=True)
    (OUT / name).write_text(json.dumps(rounded(content), separators=(",", ":")) + "\n")


def draw(*shape, seed, scale=1.0):
    # Inputs are rounded before use, so that both sides start from the same numbers.
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * scale
    return torch.round(values, decimals=4)


# --- L_CF -------------------------------------------------------------------------------------------------------------------------


def collaborative(z, h, log):
    """-1/B sum_i log softmax_j(<z_i, h_j>)_i; as printed, without the log."""
    scores = z @ h.T
    if log:
        return F.cross_entropy(scores, torch.arange(len(z)))
    return -torch.softmax(scores, dim=1).diagonal().mean()


# --- L_div ------------------------------------------------------------------------------------------------------------------------


def diversity(codebook, codes, positives):
    """-1/B sum_i log [ exp<e_c, e_+> / sum_{j != c} exp<e_c, e_j> ]; a row without a positive (cluster of one) adds 0."""
    total = torch.zeros(())
    for code, positive in zip(codes, positives):
        if positive is None:
            continue
        scores = codebook @ codebook[code]
        others = torch.tensor([j for j in range(len(codebook)) if j != code])
        total = total - (scores[positive] - torch.logsumexp(scores[others], 0))
    return total / len(codes)


# --- Sinkhorn ---------------------------------------------------------------------------------------------------------------------


def centred(distances):
    middle = (distances.max() + distances.min()) / 2
    return (distances - middle) / (distances.max() - middle + 1e-5)


def sinkhorn(distances, epsilon, iterations):
    q = torch.exp(-centred(distances) / epsilon)
    rows, columns = q.shape
    q = q / q.sum()
    for _ in range(iterations):
        q = q / q.sum(1, keepdim=True) / rows
        q = q / q.sum(0, keepdim=True) / columns
    top = q.topk(2, dim=1).values
    assert ((top[:, 0] - top[:, 1]) > 1e-5 * top[:, 0]).all(), "an assignment that rounding could decide is no golden one"
    return q.argmax(1)


# --- the whole loss ---------------------------------------------------------------------------------------------------------------

EPSILON = 0.3


def total(case, p, rows, h, positives, alpha, beta, mu):
    latent = F.relu(rows @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]
    residual, quantized, codes, losses, diversities = latent, torch.zeros_like(latent), [], [], []
    levels = len(p["codebooks"])
    for level, codebook in enumerate(p["codebooks"]):
        distances = torch.cdist(residual, codebook) ** 2
        if case["assignment"] == "sinkhorn-last" and level == levels - 1:
            code = sinkhorn(distances.detach(), EPSILON, 50)
        else:
            code = distances.argmin(1)
        word = codebook[code]
        losses.append(F.mse_loss(word, residual.detach()) + mu * F.mse_loss(residual, word.detach()))
        diversities.append(diversity(codebook, code.tolist(), [positives[level][c] for c in code.tolist()]))
        codes.append(code)
        quantized = quantized + word
        straight = residual + (word - residual).detach()
        residual = residual - (word if case["residual"] == "codeword" else straight)
    straight = latent + (quantized - latent).detach()
    output = F.relu(straight @ p["w3"] + p["b3"]) @ p["w4"] + p["b4"]
    combine = sum if case["levels"] == "sum" else lambda terms: sum(terms) / len(terms)
    semantic = F.mse_loss(output, rows) + combine(losses)
    cf = collaborative(quantized if case["reach"] == "codebooks" else straight, h, case["log"])
    div = combine(diversities)
    loss = semantic + alpha * cf + beta * div
    return loss, {"codes": torch.stack(codes, 1), "semantic": semantic, "collaborative": cf, "diversity": div}


def total_cases():
    rows, h = draw(6, 5, seed=1), draw(6, 3, seed=2)
    weights = {
        "w1": draw(5, 4, seed=3, scale=0.7), "b1": draw(4, seed=4, scale=0.1),
        "w2": draw(4, 3, seed=5, scale=0.9), "b2": draw(3, seed=6, scale=0.1),
        "w3": draw(3, 4, seed=7, scale=0.9), "b3": draw(4, seed=8, scale=0.1),
        "w4": draw(4, 5, seed=9, scale=0.7), "b4": draw(5, seed=10, scale=0.1),
    }
    codebooks = [draw(4, 3, seed=11, scale=0.8), draw(4, 3, seed=12, scale=0.4)]
    # The other codeword that each codeword is drawn towards; codeword 2 of level 0 is alone in its cluster.
    positives = [[1, 2, None, 0], [3, 2, 1, 0]]
    alpha, beta, mu = 0.7, 0.3, 0.25
    paper = {"levels": "sum", "residual": "codeword", "reach": "codebooks", "log": True, "assignment": "nearest"}
    changes = {
        "paper": {},
        "1 levels averaged": {"levels": "mean"},
        "2 no logarithm": {"log": False},
        "3 straight-through residuals": {"residual": "straight-through"},
        "4 collaborative loss reaches the encoder": {"reach": "encoder"},
        "6 sinkhorn on the last level": {"assignment": "sinkhorn-last"},
        "released": {"levels": "mean", "residual": "straight-through", "reach": "encoder", "assignment": "sinkhorn-last"},
    }
    cases = []
    for name, change in changes.items():
        case = paper | change
        p = {k: v.clone().requires_grad_() for k, v in weights.items()}
        p["codebooks"] = [c.clone().requires_grad_() for c in codebooks]
        loss, parts = total(case, p, rows, h, positives, alpha, beta, mu)
        loss.backward()
        gradients = {k: v.grad for k, v in p.items() if k != "codebooks"} | {f"codebook{i}": c.grad for i, c in enumerate(p["codebooks"])}
        cases.append({"name": name, **case, "loss": loss, **parts, "gradients": gradients})
    save("total.json", {
        "rows": rows, "collaborative_rows": h, "weights": weights, "codebooks": codebooks, "positives": positives,
        "alpha": alpha, "beta": beta, "mu": mu, "epsilon": EPSILON, "cases": cases,
    })


def regularizers():
    z, h = draw(5, 3, seed=21), draw(5, 3, seed=22)
    cases = {}
    for name, log in [("log", True), ("plain", False)]:
        leaf = z.clone().requires_grad_()
        loss = collaborative(leaf, h, log)
        loss.backward()
        cases[name] = {"loss": loss, "gradient": leaf.grad}
    save("collaborative.json", {"quantized": z, "collaborative": h, **cases})

    codebook = draw(6, 3, seed=23)
    codes = [0, 4, 4, 2, 5, 0, 1, 4]
    positives = [1, 2, 3, 4, None, 3, 0, 2]  # codeword 5 is alone in its cluster
    leaf = codebook.clone().requires_grad_()
    loss = diversity(leaf, codes, positives)
    loss.backward()
    save("diversity.json", {"codebook": codebook, "codes": codes, "positives": positives, "loss": loss, "gradient": leaf.grad})


# --- collision rounds -------------------------------------------------------------------------------------------------------------


def groups_of(codes):
    """Groups of items with the same codes, largest first, then by their lowest item."""
    groups = {}
    for item, row in enumerate(codes):
        groups.setdefault(tuple(row), []).append(item)
    return sorted((g for g in groups.values() if len(g) > 1), key=lambda g: (-len(g), g[0]))


def collision_rounds():
    """Every item of every group is assigned anew on the last level, group by group, until there is no collision or 20 rounds are over."""
    latents = draw(14, 2, seed=209, scale=0.5)
    codebooks = [draw(2, 2, seed=32), draw(12, 2, seed=33, scale=0.6)]
    epsilon, iterations = 0.1, 50
    residual = latents - codebooks[0][(torch.cdist(latents, codebooks[0])).argmin(1)]
    first = torch.cdist(latents, codebooks[0]).argmin(1)
    distances = torch.cdist(residual, codebooks[1]) ** 2
    start = torch.stack([first, distances.argmin(1)], 1).tolist()
    tables, groups = {}, groups_of(start)
    for keep_unique in [False, True]:
        unique = set(range(len(start))) - {i for g in groups_of(start) for i in g} if keep_unique else set()
        codes, rounds = [row[:] for row in start], []
        for _ in range(20):
            groups = groups_of(codes)
            if not groups:
                break
            for group in groups:
                for item, code in zip(group, sinkhorn(distances[group], epsilon, iterations).tolist()):
                    if item not in unique:
                        codes[item][1] = code
            rounds.append([row[:] for row in codes])
        tables["keep_unique" if keep_unique else "move_all"] = {"rounds": rounds, "left": len(groups_of(rounds[-1]))}
    save("rounds.json", {"latents": latents, "codebooks": codebooks, "epsilon": epsilon, "iterations": iterations, "codes": start, **tables})


# --- how codebooks start ----------------------------------------------------------------------------------------------------------


def initial_sizes():
    """The released code's bounds of the clusters that the codebooks start from."""
    cases = []
    for rows, codewords in [(512, 256), (1_000, 256), (4_344, 256), (9_922, 256), (12_101, 256), (25_600, 256), (51_200, 256), (600, 16)]:
        size_min = min(rows // (codewords * 2), 50)
        cases.append({"rows": rows, "codewords": codewords, "min": size_min, "max": size_min * 4})
    save("initial_sizes.json", cases)


if __name__ == "__main__":
    regularizers()
    total_cases()
    collision_rounds()
    initial_sizes()
