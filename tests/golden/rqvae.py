"""Golden numbers of genrec-quantize, from PyTorch: `python tests/golden/rqvae.py > tests/golden/rqvae.json` (torch 2.x, CPU).

A small RQ-VAE under every option of its loss and its gradients. The formulas are LETTER's as printed; the case `released` is written in
the structure of its released code instead (a straight-through value per level, subtracted from the residual), so that it checks the
library's shorter form of the same thing. Everything is computed in 64-bit floats.
"""

import json

import torch
import torch.nn.functional as F

D_IN, HIDDEN, D, SIZE, LEVELS, BATCH, MU = 6, 5, 4, 5, 3, 12, 0.25
torch.manual_seed(20)
torch.set_default_dtype(torch.float64)


def rounded(*shape, scale=1.0):
    """Values that a 32-bit float holds exactly."""
    return (torch.randn(*shape) * scale).to(torch.float32).to(torch.float64)


ROWS = rounded(BATCH, D_IN)
TARGETS = rounded(BATCH, D, scale=0.5)
START = {
    "encoder": [rounded(D_IN, HIDDEN, scale=0.6), rounded(HIDDEN, scale=0.2), rounded(HIDDEN, D, scale=0.7), rounded(D, scale=0.2)],
    "decoder": [rounded(D, HIDDEN, scale=0.6), rounded(HIDDEN, scale=0.2), rounded(HIDDEN, D_IN, scale=0.7), rounded(D_IN, scale=0.2)],
    "codebooks": [rounded(SIZE, D, scale=0.8 / (level + 1)) for level in range(LEVELS)],
}


def parameters():
    return {name: [p.clone().requires_grad_() for p in group] for name, group in START.items()}


def mlp(layers, x):
    return torch.relu(x @ layers[0] + layers[1]) @ layers[2] + layers[3]


def error(kind, a, b):
    mean = ((a - b) ** 2).mean()
    return mean * a.shape[1] if kind == "SquaredNorm" else mean


@torch.no_grad()
def sinkhorn(distances, epsilon, iterations):
    """As the released code has it."""
    middle = (distances.max() + distances.min()) / 2
    amplitude = distances.max() - middle + 1e-5
    q = torch.exp(-((distances - middle) / amplitude) / epsilon)
    rows, columns = q.shape
    q /= q.sum()
    for _ in range(iterations):
        q /= q.sum(1, keepdim=True)
        q /= rows
        q /= q.sum(0, keepdim=True)
        q /= columns
    return q * rows


def assign(options, level, residual, codebook):
    distances = torch.cdist(residual.detach(), codebook.detach()) ** 2
    if options["assignment"] == "SinkhornLast" and level == LEVELS - 1:
        plan = sinkhorn(distances, 0.003, 50)
        assert not torch.equal(plan.argmax(1), distances.argmin(1)), "the case must tell the two apart"
        return plan.argmax(1)
    return distances.argmin(1)


def forward(options, p):
    latent = mlp(p["encoder"], ROWS)
    residual, codes, codewords, losses = latent, [], [], []
    for level, codebook in enumerate(p["codebooks"]):
        code = assign(options, level, residual, codebook)
        e = codebook[code]
        if options["update"] == "Ema":
            e = e.detach()
        codebook_term = error(options["error"], residual.detach(), e) if options["update"] == "Gradient" else 0.0
        losses.append(codebook_term + MU * error(options["error"], residual, e.detach()))
        if options["residual"] == "Codeword":
            residual = residual - e
        elif options["residual"] == "Detached":
            residual = residual - e.detach()
        else:
            residual = residual - (residual + (e - residual).detach())
        codes.append(code)
        codewords.append(e)
    total = sum(codewords)
    straight = latent + (total - latent).detach()
    quantized = {"Codebooks": total, "Encoder": straight, "Both": total + latent - latent.detach()}[options["gradient"]]
    return finish(options, p, latent, straight, quantized, codes, losses)


def forward_released(options, p):
    """The structure of the released code: each level returns a straight-through value."""
    latent = mlp(p["encoder"], ROWS)
    residual, x_q, codes, losses = latent, 0, [], []
    for level, codebook in enumerate(p["codebooks"]):
        code = assign(options, level, residual, codebook)
        e = F.embedding(code, codebook)
        losses.append(F.mse_loss(e, residual.detach()) + MU * F.mse_loss(e.detach(), residual))
        x_res = residual + (e - residual).detach()
        residual = residual - x_res
        x_q = x_q + x_res
        codes.append(code)
    return finish(options, p, latent, x_q, x_q, codes, losses)


def finish(options, p, latent, straight, quantized, codes, losses):
    output = mlp(p["decoder"], straight)
    reconstruction = error(options["error"], output, ROWS)
    levels = torch.stack(losses)
    loss = reconstruction + (levels.mean() if options["level_loss"] == "Mean" else levels.sum())
    # A contrastive term as LETTER's L_CF: what a regularizer on the sum of codewords can teach.
    regularizer = F.cross_entropy(quantized @ TARGETS.T, torch.arange(BATCH))
    return latent, output, reconstruction, loss, regularizer, torch.stack(codes, 1), losses


def gradients(value, p):
    flat = [q for group in p.values() for q in group]
    found = torch.autograd.grad(value, flat, retain_graph=True, allow_unused=True)
    found = iter([torch.zeros_like(q) if g is None else g for q, g in zip(flat, found)])
    return {name: [numbers(next(found)) for _ in group] for name, group in p.items()}


def numbers(tensor):
    return [float(f"{x:.7g}") for x in tensor.detach().flatten().tolist()]


BASE = {"level_loss": "Sum", "residual": "Codeword", "gradient": "Codebooks", "error": "MeanSquare", "assignment": "Nearest", "update": "Gradient"}
CASES = {
    "paper": {},
    "levels averaged": {"level_loss": "Mean"},
    "residual detached": {"residual": "Detached"},
    "residual straight through": {"residual": "StraightThrough"},
    "gradient to the encoder": {"gradient": "Encoder"},
    "gradient to both": {"gradient": "Both"},
    "squared norm": {"error": "SquaredNorm"},
    "sinkhorn": {"assignment": "SinkhornLast"},
    "moving averages": {"update": "Ema", "gradient": "Both"},
    "released": {"level_loss": "Mean", "residual": "StraightThrough", "gradient": "Encoder", "assignment": "SinkhornLast"},
}


def case(name, changes):
    options = BASE | changes
    p = parameters()
    run = forward_released if name == "released" else forward
    latent, output, reconstruction, loss, regularizer, codes, losses = run(options, p)
    # How much the terms of each level teach the encoder: gradient norm over its parameters.
    taught = []
    for level in losses:
        found = torch.autograd.grad(level, p["encoder"], retain_graph=True, allow_unused=True)
        taught.append(sum((g**2).sum().item() for g in found if g is not None) ** 0.5)
    return {
        "name": name,
        "options": options,
        "codes": codes.flatten().tolist(),
        "loss": loss.item(),
        "reconstruction": reconstruction.item(),
        "regularizer": regularizer.item(),
        "taught": taught,
        "loss_gradients": gradients(loss, p),
        "regularizer_gradients": gradients(regularizer, p),
    }


def training(steps=6):
    """Losses of full-batch AdamW from the start, as printed."""
    p = parameters()
    optimizer = torch.optim.AdamW([q for group in p.values() for q in group], lr=1e-2, weight_decay=1e-2)
    losses = []
    for _ in range(steps):
        loss = forward(BASE, p)[3]
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([q for group in p.values() for q in group], 0.5)
        optimizer.step()
    return losses


def assignment():
    distances = (torch.rand(16, 6) ** 2).to(torch.float32).to(torch.float64)
    return {"columns": 6, "distances": numbers(distances), "plan": sinkhorn(distances, 0.05, 50).flatten().tolist(),
            "codes": sinkhorn(distances, 0.003, 50).argmax(1).tolist()}


print(json.dumps({
    "widths": [D_IN, HIDDEN, D], "codewords": SIZE, "rows": numbers(ROWS), "targets": numbers(TARGETS),
    "start": {name: [numbers(q) for q in group] for name, group in START.items()},
    "cases": [case(name, changes) for name, changes in CASES.items()],
    "training": training(), "sinkhorn": assignment(),
}))
