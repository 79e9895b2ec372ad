"""States of the sequential networks after small histories, in plain PyTorch, for crates/genrec-collaborative: tests/golden/sequential.json.

python tests/golden/sequential.py

Weights are a formula of their place among all weights of a model, so that no file has to hold them; they are numbered in the order in which the Rust modules are
visited.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

ITEMS, USERS, D, HEADS, PLACES, WINDOW, FILTERS = 10, 3, 4, 2, 6, 3, 2
HISTORIES = [(2, [1, 2, 3]), (None, [4]), (0, [5, 6, 7, 8, 9, 0])]


class Weights:
    def __init__(self):
        self.count = 0

    def __call__(self, *shape):
        size = math.prod(shape)
        values = [0.5 * math.sin(0.61803 * n + 0.3) for n in range(self.count, self.count + size)]
        self.count += size
        return torch.tensor(values).reshape(shape)

    def linear(self, d_in, d_out, bias=True):
        weight = self(d_in, d_out)
        return weight, self(d_out) if bias else torch.zeros(d_out)


def apply(linear, x):
    return x @ linear[0] + linear[1]


def transformer(causal):
    w = Weights()
    table, positions = w(ITEMS + (not causal), D), w(PLACES + (not causal), D)
    blocks = []
    for _ in range(2):
        norm = (w(D), w(D))
        attention = [w.linear(D, D) for _ in range(4)]
        blocks.append((norm, attention, (w(D), w(D)), [w.linear(D, D) for _ in range(2)]))
    last = (w(D), w(D))

    def state(_, history):
        history = history if causal else history + [ITEMS]
        length, longest = len(history), PLACES + (not causal)
        x = table[history] * math.sqrt(D) + positions[longest - length:]
        mask = torch.ones(length, length).tril().bool() if causal else torch.ones(length, length).bool()
        for norm, (query, key, value, output), second, (inner, outer) in blocks:
            h = F.layer_norm(x, (D,), *norm, eps=1e-5)
            q, k, v = (apply(p, h).reshape(length, HEADS, -1).transpose(0, 1) for p in (query, key, value))
            h = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
            x = x + apply(output, h.transpose(0, 1).reshape(length, D))
            h = F.layer_norm(x, (D,), *second, eps=1e-5)
            x = x + apply(outer, torch.relu(apply(inner, h)))
        return F.layer_norm(x, (D,), *last, eps=1e-5)[-1]

    return state


def gru():
    w = Weights()
    table = w(ITEMS, D)
    inputs, gates, candidate = w.linear(D, 3 * D), w.linear(D, 2 * D, False), w.linear(D, D)
    cell = torch.nn.GRU(D, D, batch_first=True)
    with torch.no_grad():
        cell.weight_ih_l0.copy_(inputs[0].T)
        cell.bias_ih_l0.copy_(inputs[1])
        cell.weight_hh_l0.copy_(torch.cat([gates[0].T, candidate[0].T]))
        cell.bias_hh_l0.copy_(torch.cat([torch.zeros(2 * D), candidate[1]]))
    return lambda _, history: cell(table[history][None])[0][0, -1]


def last_items(table, history):
    rows = torch.zeros(WINDOW, D)
    read = history[-WINDOW:]
    rows[WINDOW - len(read):] = table[read]
    return rows


def caser():
    w = Weights()
    table, users = w(ITEMS, D), w(USERS + 1, D)
    horizontal = [w.linear(height * D, FILTERS) for height in range(1, WINDOW + 1)]
    vertical = w(WINDOW, FILTERS)
    connected = w.linear(WINDOW * FILTERS + FILTERS * D, D)

    def state(user, history):
        rows = last_items(table, history)
        features = []
        for height, (weight, bias) in enumerate(horizontal, start=1):
            kernel = weight.T.reshape(FILTERS, 1, height, D)
            answers = torch.relu(F.conv2d(rows[None, None], kernel, bias))
            features.append(answers.amax((2, 3))[0])
        features.append((rows.T @ vertical).flatten())
        window = torch.relu(apply(connected, torch.cat(features)))
        owner = users[0 if user is None else user + 1]
        return torch.cat([window, owner])

    return state


def hgn():
    w = Weights()
    table, users = w(ITEMS, D), w(USERS + 1, D)
    feature_item, feature_user = w.linear(D, D), w.linear(D, D, False)
    instance_item, instance_user = w.linear(D, 1, False), w.linear(D, WINDOW, False)

    def state(user, history):
        rows = last_items(table, history)
        owner = users[0 if user is None else user + 1]
        gated = rows * torch.sigmoid(apply(feature_item, rows) + apply(feature_user, owner))
        gate = torch.sigmoid(apply(instance_item, gated)[:, 0] + apply(instance_user, owner))
        pooled = (gated * gate[:, None]).sum(0) / (gate.sum() + 1e-6)
        return owner + pooled + rows.sum(0)

    return state


models = {
    "SASRec": transformer(True), "BERT4Rec": transformer(False), "GRU4Rec": gru(),
    "Caser": caser(), "HGN": hgn(),
}
found = {name: [state(*history).tolist() for history in HISTORIES] for name, state in models.items()}
path = pathlib.Path(__file__).with_name("sequential.json")
path.write_text(json.dumps(found) + "\n")
