"""Prefill and constrained decoding of a decoder the size of Qwen2-0.5B with random weights: `transformers` beside genrec.

    cargo bench --bench peers --no-run
    python benches/peers/language_model.py target/release/deps/peers-... FOLDER

FOLDER gets the model (2 GB), which both read, and what they are asked. Both work with 32-bit numbers on all cores; they take turns.
"""

import json
import sys

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from peers import DEVICE, Ours, compare, folder

ROUNDS = 5
BEAMS = 20
LEVELS, CODEWORDS, ITEMS = 4, 256, 10_000
PREFILL, PROMPTS, PROMPT = (1, 512), 4, 128


def work(path, vocabulary):
    generator = torch.Generator().manual_seed(3)
    draw = lambda *shape: torch.randint(0, 150_000, shape, generator=generator).tolist()
    first = vocabulary - LEVELS * CODEWORDS
    codes = torch.randint(0, CODEWORDS, (ITEMS, LEVELS), generator=generator)
    allowed = sorted({tuple(first + level * CODEWORDS + int(code) for level, code in enumerate(row)) for row in codes})
    asked = dict(prefill=draw(*PREFILL), prompts=draw(PROMPTS, PROMPT), allowed=allowed, beams=BEAMS)
    (path / "work.json").write_text(json.dumps(asked))
    return asked


def main(ours, path):
    path = folder(path)
    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=151_936, hidden_size=896, intermediate_size=4_864, num_hidden_layers=24, num_attention_heads=14,
        num_key_value_heads=2, tie_word_embeddings=True, use_sliding_window=False, eos_token_id=151_643, bos_token_id=None,
        rope_parameters=dict(rope_type="default", rope_theta=1e6),
    )
    model = Qwen2ForCausalLM(config).float().eval()
    model.save_pretrained(path)
    asked = work(path, config.vocab_size)
    model = model.to(DEVICE)
    prefill, prompts = (torch.tensor(asked[what]).to(DEVICE) for what in ["prefill", "prompts"])
    children = {}
    for tokens in asked["allowed"]:
        for place in range(LEVELS):
            children.setdefault(tuple(tokens[:place]), set()).add(tokens[place])
    children = {prefix: sorted(tokens) for prefix, tokens in children.items()}
    number = {tokens: place for place, tokens in enumerate(asked["allowed"])}

    def peer_prefill():
        logits = model(prefill, use_cache=True, logits_to_keep=1).logits[:, -1]
        return logits.sum(1).tolist()

    def peer_decode():
        length = prompts.shape[1]
        found = model.generate(
            prompts, attention_mask=torch.ones_like(prompts), max_new_tokens=LEVELS, num_beams=BEAMS,
            num_return_sequences=BEAMS, do_sample=False, length_penalty=0.0, eos_token_id=None, pad_token_id=0,
            prefix_allowed_tokens_fn=lambda _, sent: children[tuple(sent[length:].tolist())],
        )
        found = found[:, length:].reshape(PROMPTS, BEAMS, LEVELS).tolist()
        return [[number[tuple(tokens)] for tokens in row] for row in found]

    child = Ours(ours, "language-model", path)
    with torch.inference_mode():
        compare("prefill, a token", peer_prefill, child, "prefill", ROUNDS, 1, lambda theirs, mine: [theirs, mine], prefill.numel())
        same = lambda theirs, mine: sum(len(set(a) & set(b)) for a, b in zip(theirs, mine)) / (PROMPTS * BEAMS)
        compare("constrained decoding, a token", peer_decode, child, "decode", ROUNDS, 1, same, PROMPTS * BEAMS * LEVELS)
    child.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
