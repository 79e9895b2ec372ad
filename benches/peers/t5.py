"""LETTER-TIGER's T5 (4 + 4 layers, width 128): constrained beams and a training step, `transformers` beside genrec, with the same weights.

    python benches/peers/t5.py target/release/deps/peers-... FOLDER [beams|step]

Beams: 20 of 9,922 identifiers of 4 x 256 tokens, histories of 20 items (80 tokens), batches of 32 and of 1; `generate` with a function that says which tokens
may follow. The step: 64 x 80 tokens read, 64 x 5 written, all of them real, dropout on, cross-entropy, AdamW.
"""

import json
import sys

import torch
from transformers import T5Config, T5ForConditionalGeneration

from peers import DEVICE, Ours, compare, folder

ITEMS, LEVELS, CODEWORDS, BEAMS, HISTORY = 9_922, 4, 256, 20, 20
PADDING, END, FIRST = 0, 1, 2


def main(ours, path, only=""):
    path = folder(path)
    torch.manual_seed(1)
    config = T5Config(
        vocab_size=FIRST + LEVELS * CODEWORDS, d_model=128, d_kv=64, d_ff=1_024, num_layers=4, num_decoder_layers=4, num_heads=6, dropout_rate=0.1,
        pad_token_id=PADDING, eos_token_id=END, decoder_start_token_id=PADDING, tie_word_embeddings=True,
    )
    model = T5ForConditionalGeneration(config).eval()
    model.save_pretrained(path)
    codes = torch.randint(0, CODEWORDS, (ITEMS + 200, LEVELS), generator=torch.Generator().manual_seed(2))
    rows = {tuple(FIRST + level * CODEWORDS + int(code) for level, code in enumerate(row)): None for row in codes}
    allowed = list(rows)[:ITEMS]
    items = torch.randint(0, ITEMS, (32, HISTORY), generator=torch.Generator().manual_seed(3))
    prompts = torch.tensor([[token for item in row for token in allowed[item]] for row in items.tolist()])
    work = dict(prompts=prompts.tolist(), allowed=allowed, beams=BEAMS)
    (path / "work.json").write_text(json.dumps(work))
    child = Ours(ours, "t5", path)
    model, prompts = model.to(DEVICE), prompts.to(DEVICE)
    if only != "step":
        beams(model, allowed, prompts, child)
    if only != "beams":
        step(model, child)
    child.close()


def beams(model, allowed, prompts, child):
    children = {}
    for tokens in allowed:
        for place in range(LEVELS):
            children.setdefault(tokens[:place], set()).add(tokens[place])
    children = {prefix: sorted(tokens) for prefix, tokens in children.items()}
    number = {tokens: place for place, tokens in enumerate(allowed)}

    def generate(prompts):
        found = model.generate(
            prompts, attention_mask=torch.ones_like(prompts), max_new_tokens=LEVELS, num_beams=BEAMS, num_return_sequences=BEAMS, do_sample=False,
            length_penalty=0.0, eos_token_id=None, pad_token_id=PADDING, prefix_allowed_tokens_fn=lambda _, sent: children[tuple(sent[1:].tolist())],
        )
        found = found[:, 1:].reshape(len(prompts), BEAMS, LEVELS).tolist()
        return [[number[tuple(tokens)] for tokens in row] for row in found]

    same = lambda theirs, mine: sum(len(set(a) & set(b)) for a, b in zip(theirs, mine)) / (len(mine) * BEAMS)
    with torch.inference_mode():
        for batch, rounds in [(32, 5), (1, 20)]:
            compare(f"constrained beams, batch {batch}", lambda: generate(prompts[:batch]), child, f"beams {batch}", rounds, 2, same, batch)


def step(model, child):
    generator = torch.Generator().manual_seed(4)
    draw = lambda columns: torch.randint(FIRST, model.config.vocab_size, (64, columns), generator=generator)
    tokens, targets = draw(80).to(DEVICE), draw(5).to(DEVICE)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def steps():
        loss = model(input_ids=tokens, attention_mask=torch.ones_like(tokens), labels=targets).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    compare("training step, 64 x 80 and 64 x 5 tokens", steps, child, "step", 10, 2)


if __name__ == "__main__":
    main(*sys.argv[1:])
