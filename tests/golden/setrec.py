"""Golden numbers of SETRec, from the layers of Hugging Face `transformers`:
`python tests/golden/setrec.py > tests/golden/setrec.json` (torch 2.x, CPU; reads tests/golden/t5/v1_0).

The T5 blocks are those of `transformers`; masks and biases are built here pair by pair from SETRec's formulas: siblings share their position;
sparse attention sees the tokens of earlier items and the token itself; a query sees no other query (as printed) or all of them, itself with one
more (as released). The loss is the mean over slots of the cross-entropy over all items, plus alpha times the reconstruction, over the items (as
printed) or over the items of the histories, repeats included, and their elements (as released). Answers are scaled by d_model^-1/2, as a tied head.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from transformers import T5ForConditionalGeneration

FOLDER = Path(__file__).parent / "t5" / "v1_0"
D, SLOTS, ITEMS, D_CF, D_TEXT, HIDDEN, ALPHA = 16, 3, 9, 5, 6, 8, 0.7
HISTORIES, TARGETS = [[0, 3, 5, 3, 8], [6, 1]], [4, 2]
NEVER = -1e9
torch.manual_seed(41)


def numbers(tensor):
    return [float(f"{x:.8g}") for x in tensor.detach().flatten().tolist()]


PARAMETERS = {
    "cf.weight": torch.randn(D_CF, D) * D_CF**-0.5,
    "cf.bias": torch.randn(D) * 0.1,
    "encoder.0.weight": torch.randn(D_TEXT, HIDDEN) * D_TEXT**-0.5,
    "encoder.0.bias": torch.randn(HIDDEN) * 0.1,
    "encoder.1.weight": torch.randn(HIDDEN, (SLOTS - 1) * D) * HIDDEN**-0.5,
    "encoder.1.bias": torch.randn((SLOTS - 1) * D) * 0.1,
    "decoder.0.weight": torch.randn((SLOTS - 1) * D, HIDDEN) * 0.2,
    "decoder.0.bias": torch.randn(HIDDEN) * 0.1,
    "decoder.1.weight": torch.randn(HIDDEN, D_TEXT) * HIDDEN**-0.5,
    "decoder.1.bias": torch.randn(D_TEXT) * 0.1,
    "queries": torch.randn(SLOTS, D),
}
CF, TEXT = torch.randn(ITEMS, D_CF), torch.randn(ITEMS, D_TEXT)


def mlp(x, p, name):
    x = torch.relu(x @ p[f"{name}.0.weight"] + p[f"{name}.0.bias"])
    return x @ p[f"{name}.1.weight"] + p[f"{name}.1.bias"]


def biases(attention, length, one_direction):
    """[heads, length, length]: of `transformers`, with the buckets of one direction or of both."""
    attention.is_decoder = one_direction
    return attention.compute_bias(length, length)[0]


def encode(model, tokens, sparse):
    """One history, `[items, slots, d]` to `[items * slots, d]`."""
    count = len(tokens)
    stack = model.encoder
    attention = stack.block[0].layer[0].SelfAttention
    of_items = biases(attention, count, sparse)
    bias = torch.zeros(of_items.shape[0], count * SLOTS, count * SLOTS)
    for query in range(count * SLOTS):
        for key in range(count * SLOTS):
            seen = not sparse or key // SLOTS < query // SLOTS or key == query
            bias[:, query, key] = of_items[:, query // SLOTS, key // SLOTS] if seen else NEVER
    x = tokens.reshape(1, count * SLOTS, D)
    for block in stack.block:
        x = block(x, position_bias=bias[None])[0]
    return stack.final_layer_norm(x)[0]


def decode(model, queries, memory, together):
    """One history's queries `[slots, d]` to answers. (Other attention implementations than "eager" would hide later queries by themselves.)"""
    stack = model.decoder
    attention = stack.block[0].layer[0].SelfAttention
    nothing = torch.zeros(1, 1, 1, 1)

    def run(x, bias):
        x = x[None]
        for block in stack.block:
            x = block(
                x, position_bias=bias, encoder_hidden_states=memory[None],
                encoder_decoder_position_bias=nothing.expand(1, bias.shape[1], x.shape[1], memory.shape[0]),
            )[0]
        return stack.final_layer_norm(x)[0]

    if together:
        return run(queries, biases(attention, SLOTS, True)[None] + torch.eye(SLOTS))
    return torch.cat([run(query[None], biases(attention, 1, True)[None]) for query in queries])


def case(name, sparse, together, over_items):
    model = T5ForConditionalGeneration.from_pretrained(FOLDER, attn_implementation="eager").eval()
    p = {key: value.clone().requires_grad_() for key, value in PARAMETERS.items()}
    code = mlp(TEXT, p, "encoder")
    tokens = torch.cat([CF @ p["cf.weight"] + p["cf.bias"], code], 1).reshape(ITEMS, SLOTS, D)
    answers = torch.stack([
        decode(model, p["queries"], encode(model, tokens[history], sparse), together) for history in HISTORIES
    ]) * D**-0.5
    answers.retain_grad()
    entropy = sum(
        F.cross_entropy(answers[:, k] @ tokens[:, k].T, torch.tensor(TARGETS)) for k in range(SLOTS)
    ) / SLOTS
    errors = (mlp(code, p, "decoder") - TEXT) ** 2
    taken = [item for history in HISTORIES for item in history]
    error = errors.sum(1).mean() if over_items else errors[taken].mean()
    loss = entropy + ALPHA * error
    loss.backward()
    encoder = model.encoder.block[0].layer[0].SelfAttention
    decoder = model.decoder.block[0].layer[0].SelfAttention
    gradients = {key: numbers(value.grad) for key, value in p.items()}
    gradients["t5.encoder.bias"] = numbers(encoder.relative_attention_bias.weight.grad)
    gradients["t5.decoder.bias"] = numbers(decoder.relative_attention_bias.weight.grad)
    return {"name": name, "answers": numbers(answers), "loss": float(loss), "gradients": gradients}


print(json.dumps({
    "sizes": [D, SLOTS, ITEMS, D_CF, D_TEXT, HIDDEN], "alpha": ALPHA, "histories": HISTORIES, "targets": TARGETS,
    "collaborative": numbers(CF), "text": numbers(TEXT),
    "parameters": {key: numbers(value) for key, value in PARAMETERS.items()},
    "cases": [
        case("paper", True, False, True),
        case("released", False, True, False),
        case("dense", False, False, True),
        case("together", True, True, True),
        case("over histories", True, False, False),
    ],
}))
