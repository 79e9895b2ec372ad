"""Golden numbers for the ranking-guided generation loss (LETTER, section 3.3): run `python ranking_loss.py > ranking_loss.json`.

Small logits of two target tokens over a vocabulary of two specials, two levels of three tokens, and four text tokens; the loss with tau 0.7 and
1, with the softmax over the level (three tokens), the item vocabulary (eight) and the vocabulary with text (twelve); its gradient.
"""

import json

import torch

torch.manual_seed(0)
logits = torch.randn(2, 12, dtype=torch.float64) * 2
targets = [3, 5]  # the second token of level 0, the first of level 1
cases = []
for tau in (0.7, 1.0):
    for span, ranges in {
        "level": [(2, 5), (5, 8)],
        "items": [(0, 8), (0, 8)],
        "text": [(0, 12), (0, 12)],
    }.items():
        x = logits.clone().requires_grad_(True)
        losses = [
            -torch.log_softmax(x[row, start:end] / tau, 0)[targets[row] - start]
            for row, (start, end) in enumerate(ranges)
        ]
        sum(losses).backward()
        cases.append(
            {
                "tau": tau,
                "span": span,
                "ranges": ranges,
                "losses": [loss.item() for loss in losses],
                "gradient": x.grad.tolist(),
            }
        )
print(json.dumps({"logits": logits.tolist(), "targets": targets, "cases": cases}, indent=1))
