"""An epoch of LETTER-TIGER: `transformers` beside genrec.

    python benches/peers/epoch.py target/release/deps/peers-... FOLDER DATA INDEX [SAMPLES]

DATA is a folder that genrec opens, with `*.inter.json` in it (Instruments), INDEX a published `*.index.json`. T5 4 + 4 of width 128, histories of at most 20 items (every prefix of a training
history is a sample), dropout, AdamW after every 256 samples. An epoch here is SAMPLES (5,120) samples, drawn anew each round; the peer pads random batches of 256 to their longest.
"""

import json
import random
import re
import sys
from pathlib import Path

import torch
from transformers import T5Config, T5ForConditionalGeneration

from peers import DEVICE, Ours, compare, folder

BATCH, LONGEST, PADDING, FIRST = 256, 20, 0, 2


def main(ours, path, data, index, samples="5120"):
    path, samples = folder(path), int(samples)
    (file,) = Path(data).glob("*.inter.json")
    histories = json.loads(file.read_text()).values()
    written = json.loads(Path(index).read_text())
    codes = [[int(re.search(r"\d+", token)[0]) for token in written[str(item)]] for item in range(len(written))]
    sizes = [1 + max(level) for level in zip(*codes)]
    firsts = [FIRST + sum(sizes[:level]) for level in range(len(sizes))]
    tokens = [[first + code for first, code in zip(firsts, row)] for row in codes]
    # Leave-one-out: the last two of every user are held out.
    prefixes = [(row, end) for row in (items[:-2] for items in histories) for end in range(1, len(row))]
    random.seed(1)
    torch.manual_seed(1)
    config = T5Config(
        vocab_size=FIRST + sum(sizes), d_model=128, d_kv=64, d_ff=1_024, num_layers=4, num_decoder_layers=4, num_heads=6, dropout_rate=0.1,
        pad_token_id=PADDING, eos_token_id=1, decoder_start_token_id=PADDING, tie_word_embeddings=True,
    )
    model = T5ForConditionalGeneration(config).to(DEVICE).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4)

    def epoch():
        drawn, total = random.sample(prefixes, samples), 0.0
        for start in range(0, samples, BATCH):
            batch = drawn[start : start + BATCH]
            read = [[token for item in row[max(0, end - LONGEST) : end] for token in tokens[item]] for row, end in batch]
            longest = max(map(len, read))
            inputs = torch.tensor([row + [PADDING] * (longest - len(row)) for row in read]).to(DEVICE)
            targets = torch.tensor([tokens[row[end]] for row, end in batch]).to(DEVICE)
            loss = model(input_ids=inputs, attention_mask=(inputs != PADDING).long(), labels=targets).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        return total / samples

    child = Ours(ours, "epoch", data, index, path)
    # Ours starts from the same weights every round, theirs goes on: only times compare.
    agree = lambda theirs, mine: dict(peer_loss=theirs, our_loss=mine["loss"])
    compare(f"LETTER-TIGER, {samples:,} of {len(prefixes):,} samples", epoch, child, str(samples), 3, 1, agree)
    child.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
