"""Golden numbers of TokenRec's losses, from PyTorch: `python tests/golden/retrieval_loss.py > tests/golden/retrieval_loss.json` (torch 2.x, CPU).

Written from the formula of TokenRec, section 4.3, in 64-bit floats: one answer, several positives with one negative each, some of them padding. The
second loss, the softmax of cosines over all candidates, is ours.
"""

import json

import torch
import torch.nn.functional as F

BATCH, TARGETS, D, CANDIDATES = 4, 3, 5, 7
torch.manual_seed(44)
torch.set_default_dtype(torch.float64)


def rounded(*shape):
    return torch.randn(*shape).to(torch.float32).to(torch.float64)


def numbers(tensor):
    return [float(f"{x:.8g}") for x in tensor.detach().flatten().tolist()]


ANSWERS, CATALOGUE = rounded(BATCH, D), rounded(CANDIDATES, D)
POSITIVES = torch.randint(0, CANDIDATES, (BATCH, TARGETS))
NEGATIVES = torch.randint(0, CANDIDATES, (BATCH, TARGETS))
WEIGHTS = torch.tensor([[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 1, 1]]).double()


def cases():
    for margin in [0.0, 0.2, -0.3]:
        z = ANSWERS.clone().requires_grad_()
        near = F.cosine_similarity(z[:, None], CATALOGUE[POSITIVES], dim=2)
        far = F.cosine_similarity(z[:, None], CATALOGUE[NEGATIVES], dim=2)
        loss = (((1 - near) + torch.clamp(far - margin, min=0)) * WEIGHTS).sum() / WEIGHTS.sum()
        yield {"Pairwise": {"margin": margin}}, loss, z
    for temperature in [1.0, 0.1]:
        z = ANSWERS.clone().requires_grad_()
        cosines = F.cosine_similarity(z[:, None], CATALOGUE[None], dim=2) / temperature
        logs = cosines.log_softmax(1)
        loss = -(logs.gather(1, POSITIVES) * WEIGHTS).sum() / WEIGHTS.sum()
        yield {"Softmax": {"temperature": temperature}}, loss, z


found = []
for kind, loss, z in cases():
    (gradient,) = torch.autograd.grad(loss, [z])
    found.append({"loss": kind, "value": loss.item(), "gradient": numbers(gradient)})
print(
    json.dumps(
        {
            "d": D,
            "answers": numbers(ANSWERS),
            "catalogue": numbers(CATALOGUE),
            "positives": POSITIVES.flatten().tolist(),
            "negatives": NEGATIVES.flatten().tolist(),
            "weights": numbers(WEIGHTS),
            "cases": found,
        }
    )
)
