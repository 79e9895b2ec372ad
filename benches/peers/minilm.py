"""Sentence embeddings: `transformers` beside genrec.

    python benches/peers/minilm.py target/release/deps/peers-... MINILM TEXTS

MINILM is the folder that `scripts/fetch-minilm.sh` makes; TEXTS holds one text a line (`peers texts DATA` prints those of a catalogue). `transformers` gets
batches of 64 in the order of their lengths, as `sentence-transformers` has them.
"""

import sys

import torch
from transformers import AutoModel, AutoTokenizer

from peers import DEVICE, Ours, compare

BATCH, LONGEST = 64, 128


def main(ours, minilm, texts):
    with open(texts) as file:
        lines = file.read().splitlines()
    tokenizer = AutoTokenizer.from_pretrained(minilm)
    model = AutoModel.from_pretrained(minilm).to(DEVICE).eval()
    order = sorted(range(len(lines)), key=lambda at: -len(lines[at]))

    def encode():
        found = torch.empty(len(lines), model.config.hidden_size, device=DEVICE)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            tokens = tokenizer([lines[at] for at in batch], padding=True, truncation=True, max_length=LONGEST, return_tensors="pt").to(DEVICE)
            states = model(**tokens).last_hidden_state
            mask = tokens["attention_mask"].unsqueeze(-1)
            found[batch] = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1))
        return found.sum(0).tolist()

    child = Ours(ours, "mini-lm", minilm, texts)
    with torch.inference_mode():
        agree = lambda theirs, mine: max(abs(a - b) for a, b in zip(theirs, mine)) / len(lines)
        compare(f"MiniLM, {len(lines):,} texts", encode, child, "encode", 3, 1, agree)
    child.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
