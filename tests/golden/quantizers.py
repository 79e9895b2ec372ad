"""Golden numbers of genrec-quantize's estimators and of finite scalar quantization, from PyTorch:
`python tests/golden/quantizers.py > tests/golden/quantizers.json` (torch 2.x, CPU).

Written from the formulas of the papers, in 64-bit floats: the rotation trick with its matrix written out, Gumbel-softmax with given noise,
moving averages with Laplace smoothing, SimVQ's linear layer, FSQ as in its appendix.
"""

import json

import torch

D, SIZE, LEVELS, BATCH, MU = 4, 6, 3, 7, 0.25
torch.manual_seed(22)
torch.set_default_dtype(torch.float64)


def rounded(*shape, scale=1.0):
    """Values that a 32-bit float holds exactly."""
    return (torch.randn(*shape) * scale).to(torch.float32).to(torch.float64)


def numbers(tensor):
    return [float(f"{x:.7g}") for x in tensor.detach().flatten().tolist()]


def nearest(rows, words):
    return (torch.cdist(rows.detach(), words.detach()) ** 2).argmin(1)


def residual_codes(latents, codebooks):
    left, codes = latents.detach(), []
    for words in codebooks:
        codes.append(nearest(left, words))
        left = left - words.detach()[codes[-1]]
    return codes


LATENTS = rounded(BATCH, D)
CODEBOOKS = [rounded(SIZE, D, scale=0.8 / (level + 1)) for level in range(LEVELS)]
WEIGHTS = rounded(BATCH, D)  # the gradient that arrives at the decoder's input


def rotation():
    """Fifty et al., 2024, section 4: row by row, the matrix written out."""
    latents = LATENTS.clone().requires_grad_()
    codes = residual_codes(latents, CODEBOOKS)
    quantized = sum(words[code] for words, code in zip(CODEBOOKS, codes))
    out = []
    for e, q in zip(latents, quantized):
        unit_e, unit_q = e.detach() / e.detach().norm(), q / q.norm()
        r = (unit_e + unit_q) / (unit_e + unit_q).norm()
        matrix = torch.eye(D) - 2 * torch.outer(r, r) + 2 * torch.outer(unit_q, unit_e)
        out.append(q.norm() / e.detach().norm() * matrix @ e)
    out = torch.stack(out)
    assert torch.allclose(out, quantized)
    (gradient,) = torch.autograd.grad((out * WEIGHTS).sum(), [latents])
    return {"values": numbers(out), "codes": torch.stack(codes, 1).flatten().tolist(), "gradient": numbers(gradient)}


def gumbel(temperature=0.7):
    """Jang et al., 2017, straight-through: one level, noise given. Logits: squared distances in units of the mean nearest one."""
    latents, words = LATENTS.clone().requires_grad_(), CODEBOOKS[0].clone().requires_grad_()
    uniform = torch.rand(BATCH, SIZE).to(torch.float32).to(torch.float64)
    noise = (-torch.log(-torch.log(uniform)) * 0.8).to(torch.float32).to(torch.float64)
    distances = ((latents[:, None] - words[None]) ** 2).sum(2)
    logits = -distances / distances.min(1).values.mean().detach()
    codes = (logits + noise).argmax(1)
    assert not torch.equal(codes, logits.argmax(1)), "the noise must matter"
    mixture = torch.softmax((logits + noise) / temperature, 1) @ words
    out = mixture + (words[codes] - mixture).detach()
    to_latents, to_words = torch.autograd.grad((out * WEIGHTS).sum(), [latents, words])
    return {
        "temperature": temperature, "noise": numbers(noise), "codes": codes.tolist(), "values": numbers(out),
        "gradient": numbers(to_latents), "words_gradient": numbers(to_words),
    }  # fmt: skip


def averages(decay=0.9, smoothing=0.3, batches=3):
    """van den Oord et al., 2017, appendix A.1, with Laplace smoothing of the counts: codewords after some batches."""
    words, rows = CODEBOOKS[0].clone(), [rounded(BATCH, D) for _ in range(batches)]
    counts, sums = torch.ones(SIZE), words.clone()
    for batch in rows:
        one_hot = torch.nn.functional.one_hot(nearest(batch, words), SIZE).to(batch.dtype)
        counts = decay * counts + (1 - decay) * one_hot.sum(0)
        sums = decay * sums + (1 - decay) * one_hot.T @ batch
        total = counts.sum()
        words = sums / ((counts + smoothing) / (total + SIZE * smoothing) * total)[:, None]
    return {"decay": decay, "smoothing": smoothing, "rows": [numbers(batch) for batch in rows], "words": numbers(words)}


def simvq():
    """Zhu et al., 2024: frozen rows times a learned matrix, residual levels; codebook + commitment terms and a straight-through value."""
    latents = LATENTS.clone().requires_grad_()
    layers = [(torch.eye(D) + rounded(D, D, scale=0.2)).to(torch.float32).to(torch.float64).requires_grad_() for _ in range(LEVELS)]
    codebooks = [words @ layer for words, layer in zip(CODEBOOKS, layers)]
    codes, left, loss, total = [], latents, 0.0, 0.0
    for words in codebooks:
        codes.append(nearest(left, words))
        e = words[codes[-1]]
        loss = loss + ((left.detach() - e) ** 2).mean() + MU * ((left - e.detach()) ** 2).mean()
        left, total = left - e, total + e
    straight = latents + (total - latents).detach()
    gradients = torch.autograd.grad(loss + (straight * WEIGHTS).sum(), [latents, *layers])
    return {
        "layers": [numbers(layer) for layer in layers], "codes": torch.stack(codes, 1).flatten().tolist(), "loss": loss.item(),
        "gradient": numbers(gradients[0]), "layer_gradients": [numbers(g) for g in gradients[1:]],
    }  # fmt: skip


def fsq():
    """Mentzer et al., 2023, appendix A; an index per group of scalars."""
    groups = [[8, 6, 5], [2, 7], [3]]
    levels = torch.tensor([count for group in groups for count in group], dtype=torch.float64)
    latents = rounded(BATCH, len(levels), scale=1.5).requires_grad_()
    weights = rounded(BATCH, len(levels))
    half = (levels - 1) * (1 - 1e-3) / 2
    offset = torch.where(levels % 2 == 1, 0.0, 0.5)
    bounded = torch.tanh(latents + torch.tan(offset / half)) * half - offset
    whole = bounded + (bounded.round() - bounded).detach()
    values = whole / (levels // 2)
    (gradient,) = torch.autograd.grad((values * weights).sum(), [latents])
    digits, codes, start = (whole.detach() + levels // 2).round().to(torch.int64), [], 0
    for group in groups:
        basis = torch.cumprod(torch.tensor([1] + group[:-1]), 0)
        codes.append((digits[:, start : start + len(group)] * basis).sum(1))
        start += len(group)
    return {
        "scalars": groups, "latents": numbers(latents), "weights": numbers(weights), "values": numbers(values),
        "codes": torch.stack(codes, 1).flatten().tolist(), "gradient": numbers(gradient),
    }  # fmt: skip


print(json.dumps({
    "latents": numbers(LATENTS), "weights": numbers(WEIGHTS), "codebooks": [numbers(words) for words in CODEBOOKS],
    "rotation": rotation(), "gumbel": gumbel(), "averages": averages(), "simvq": simvq(), "fsq": fsq(),
}))  # fmt: skip
