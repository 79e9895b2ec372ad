"""Golden numbers of genrec-quantize's masked K-way quantizer, from PyTorch:
`python tests/golden/masked_vq.py > tests/golden/masked_vq.json` (torch 2.x, CPU).

Written from the formulas of TokenRec, section 4.2, in 64-bit floats; each case takes one choice the other way, the last all of them, as the
released code behaves. Batch norms are PyTorch's own.
"""

import json

import torch
import torch.nn.functional as F

WIDTHS, SIZE, K, BATCH, BETA, MOMENTUM = [6, 5, 4, 3], 4, 2, 7, 0.25, 0.1
torch.manual_seed(33)
torch.set_default_dtype(torch.float64)


def rounded(*shape, scale=1.0):
    """Values that a 32-bit float holds exactly."""
    return (torch.randn(*shape) * scale).to(torch.float32).to(torch.float64)


def numbers(tensor):
    return [float(f"{x:.8g}") for x in tensor.detach().flatten().tolist()]


def network(widths):
    """Weight [in, out] and bias of each layer; scale and shift of the batch norm after each but the last."""
    parts = []
    for index, (d_in, d_out) in enumerate(zip(widths, widths[1:])):
        parts += [rounded(d_in, d_out, scale=d_in**-0.5), rounded(d_out, scale=0.1)]
        if index + 2 < len(widths):
            parts += [1 + rounded(d_out, scale=0.1).to(torch.float32).to(torch.float64), rounded(d_out, scale=0.1)]
    return [part.to(torch.float32).to(torch.float64) for part in parts]


ROWS = rounded(BATCH, WIDTHS[0])
ENCODERS = [network(WIDTHS) for _ in range(K)]
DECODER = network(WIDTHS[::-1])
CODEBOOKS = [rounded(SIZE, WIDTHS[-1], scale=0.7) for _ in range(K)]
ELEMENTS = (torch.rand(BATCH, WIDTHS[0]) >= 0.2).double()
# In place on the first row, in the second of the two slices; every row then sees it.
FIRST = torch.ones(WIDTHS[0])
FIRST[4] = 0


def run(parts, x, stats, training):
    signal, at = x, 0
    layers = len(WIDTHS) - 1
    for index in range(layers):
        signal = signal @ parts[at] + parts[at + 1]
        at += 2
        if index + 1 < layers:
            mean, var = stats[index]
            signal = F.batch_norm(signal, mean, var, parts[at], parts[at + 1], training=training, momentum=MOMENTUM)
            signal = torch.relu(signal)
            at += 2
    return signal


def fresh(widths):
    return [(torch.zeros(d), torch.ones(d)) for d in widths[1:-1]]


def nearest(rows, words):
    return (torch.cdist(rows.detach(), words.detach()) ** 2).argmin(1)


def case(name, mask, combine, gradient):
    encoders = [[p.clone().requires_grad_() for p in parts] for parts in ENCODERS]
    decoder = [p.clone().requires_grad_() for p in DECODER]
    codebooks = [words.clone().requires_grad_() for words in CODEBOOKS]
    encoder_stats = [fresh(WIDTHS) for _ in range(K)]
    decoder_stats = fresh(WIDTHS[::-1])
    masked = ROWS * (ELEMENTS if mask == "Elements" else FIRST[None, :])
    together = (lambda parts: sum(parts) / K) if combine == "Mean" else (lambda parts: sum(parts))

    latents = [run(parts, masked, stats, True) for parts, stats in zip(encoders, encoder_stats)]
    if gradient == "None":
        latents = [a.detach() for a in latents]
    codes = [nearest(a, words) for a, words in zip(latents, codebooks)]
    chosen = [words[w] for words, w in zip(codebooks, codes)]
    a, c = together(latents), together(chosen)
    read = a + (c - a).detach() if gradient == "StraightThrough" else c
    output = run(decoder, read, decoder_stats, True)
    reconstruction = F.mse_loss(output, ROWS)
    loss = reconstruction
    for latent, words in zip(latents, chosen):
        loss = loss + F.mse_loss(words, latent.detach()) + BETA * F.mse_loss(latent, words.detach())
    everything = [p for parts in encoders for p in parts] + decoder + codebooks
    found = torch.autograd.grad(loss, everything, allow_unused=True)
    found = [torch.zeros_like(p) if g is None else g for p, g in zip(everything, found)]
    per = len(ENCODERS[0])
    grads = {
        "encoders": [[numbers(g) for g in found[k * per : (k + 1) * per]] for k in range(K)],
        "decoder": [numbers(g) for g in found[K * per : (K + 1) * per]],
        "codebooks": [numbers(g) for g in found[(K + 1) * per :]],
    }
    # Whole rows, by the running statistics of that one step, with the same weights.
    used = [run(parts, ROWS, stats, False) for parts, stats in zip(encoders, encoder_stats)]
    used_codes = torch.stack([nearest(a, words) for a, words in zip(used, codebooks)], 1)
    back = run(decoder, together([words[w] for words, w in zip(codebooks, used_codes.T)]), decoder_stats, False)
    return {
        "name": name,
        "options": {"combine": combine, "gradient": gradient},
        "masked": numbers(masked),
        "codes": torch.stack(codes, 1).flatten().tolist(),
        "loss": loss.item(),
        "reconstruction": reconstruction.item(),
        "gradients": grads,
        "encoded": used_codes.flatten().tolist(),
        "decoded": numbers(back),
    }


CASES = [
    case("paper", "Elements", "Mean", "StraightThrough"),
    case("no gradient to the encoders", "Elements", "Mean", "None"),
    case("sum", "Elements", "Sum", "StraightThrough"),
    case("one mask", "SharedSlice", "Mean", "StraightThrough"),
    case("released", "SharedSlice", "Sum", "None"),
]
print(
    json.dumps(
        {
            "widths": WIDTHS,
            "codewords": SIZE,
            "rows": numbers(ROWS),
            "start": {
                "encoders": [[numbers(p) for p in parts] for parts in ENCODERS],
                "decoder": [numbers(p) for p in DECODER],
                "codebooks": [numbers(words) for words in CODEBOOKS],
            },
            "cases": CASES,
        }
    )
)
