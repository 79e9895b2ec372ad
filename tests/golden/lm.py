"""Golden numbers for genrec_model::lm, from Hugging Face `transformers`.

    python tests/golden/lm.py                          writes tests/golden/lm/
    python tests/golden/lm.py check FOLDER VARIANT     loads a folder that `LanguageModel::save` wrote and compares it with the golden model it was made from
    python tests/golden/lm.py peft FOLDER BASE         loads adapters that `LanguageModel::save_adapters` wrote onto the golden model BASE with PEFT, prints a sum of logits

Four small random models: Qwen2 (biases, grouped queries, tied head), the same untied in bfloat16 and in shards, LLaMA 2 (one key a query head, untied head) and LLaMA 3.1 (grouped
queries, scaled rotary frequencies). For each: config.json and weights as `transformers` writes them, and expected.safetensors with a padded batch, its logits, the gradients
of sum(logits * probe) with respect to every parameter, and what greedy search and a beam search over a small set of allowed sequences write after prompts of different lengths.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config

HERE = Path(__file__).parent / "lm"
SMALL = dict(
    vocab_size=40, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
    max_position_embeddings=64, eos_token_id=1, pad_token_id=0, bos_token_id=None,
)
LLAMA3 = dict(
    rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16, rope_theta=500.0,
)
VARIANTS = {
    "qwen2": Qwen2Config(**SMALL, num_key_value_heads=2, tie_word_embeddings=True, use_sliding_window=False,
                         rope_parameters=dict(rope_type="default", rope_theta=1000.0)),
    "qwen2_shards": Qwen2Config(**SMALL, num_key_value_heads=1, tie_word_embeddings=False, use_sliding_window=False,
                                rope_parameters=dict(rope_type="default", rope_theta=10000.0)),
    "llama2": LlamaConfig(**SMALL, num_key_value_heads=4, tie_word_embeddings=False, rms_norm_eps=1e-5,
                          rope_parameters=dict(rope_type="default", rope_theta=10000.0)),
    "llama3": LlamaConfig(**SMALL, num_key_value_heads=2, head_dim=8, tie_word_embeddings=True, rope_parameters=LLAMA3),
}
LENGTHS = [11, 6, 1]
# Identifiers of three tokens that constrained search may write.
ALLOWED = [[10 + a, 20 + b, 30 + (a * 3 + b * 5) % 7] for a in range(4) for b in range(5) if (a + b) % 3]
BEAMS = 5


def model_of(variant):
    torch.manual_seed(17)
    model = AutoModelForCausalLM.from_config(VARIANTS[variant]).eval()
    with torch.no_grad():
        # The published initialisation leaves norms at one, biases at zero and scores small: larger random numbers test more.
        for name, weight in model.named_parameters():
            if "norm" in name:
                weight.uniform_(0.5, 1.5)
            else:
                weight.normal_(0.0, 0.3)
    if variant == "qwen2_shards":
        model = model.to(torch.bfloat16)
    return model


def batch():
    generator = torch.Generator().manual_seed(5)
    tokens = torch.zeros(len(LENGTHS), max(LENGTHS), dtype=torch.long)
    for row, length in enumerate(LENGTHS):
        tokens[row, :length] = torch.randint(2, SMALL["vocab_size"], (length,), generator=generator)
    probe = torch.randn(*tokens.shape, SMALL["vocab_size"], generator=generator)
    # What stands behind the end of a row is nobody's.
    for row, length in enumerate(LENGTHS):
        probe[row, length:] = 0
    return tokens, probe


def greedy(model, prompt, steps=4):
    for _ in range(steps):
        prompt = torch.cat([prompt, model(prompt[None]).logits[0, -1].argmax()[None]])
    return prompt[-steps:]


def constrained(model, prompt):
    """`transformers`' own beam search with a prefix function; sequences and sums of log-probabilities among all tokens that are allowed."""
    start = len(prompt)

    def allowed(_, sequence):
        written = sequence[start:].tolist()
        return sorted({ids[len(written)] for ids in ALLOWED if ids[: len(written)] == written}) or [1]

    found = model.generate(
        prompt[None], attention_mask=torch.ones(1, start, dtype=torch.long), max_new_tokens=3, num_beams=BEAMS, num_return_sequences=BEAMS, do_sample=False,
        prefix_allowed_tokens_fn=allowed, return_dict_in_generate=True, output_scores=True, length_penalty=0.0, early_stopping=True, eos_token_id=None,
        renormalize_logits=True,
    )
    return found.sequences[:, start:], found.sequences_scores


def write():
    for variant in VARIANTS:
        folder = HERE / variant
        folder.mkdir(parents=True, exist_ok=True)
        model = model_of(variant)
        model.save_pretrained(folder, **(dict(max_shard_size="6KB") if variant == "qwen2_shards" else {}))
        (folder / "generation_config.json").unlink(missing_ok=True)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        tokens, probe = batch()
        logits = model(tokens).logits
        (logits * probe).sum().backward()
        expected = dict(tokens=tokens.int(), logits=logits.detach(), probe=probe, allowed=torch.tensor(ALLOWED).int())
        for name, weight in model.named_parameters():
            expected[f"gradient.{name}"] = weight.grad
        with torch.no_grad():
            rows = [tokens[row, :length] for row, length in enumerate(LENGTHS)]
            expected["greedy"] = torch.stack([greedy(model, row) for row in rows]).int()
            found = [constrained(model, row) for row in rows]
            expected["beams"] = torch.stack([sequences for sequences, _ in found]).int()
            expected["scores"] = torch.stack([scores for _, scores in found])
        save_file({key: value.contiguous() for key, value in expected.items()}, folder / "expected.safetensors")


def check(folder, variant):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    golden = AutoModelForCausalLM.from_pretrained(HERE / variant, dtype=torch.float32).eval()
    tokens, _ = batch()
    difference = (model(tokens).logits - golden(tokens).logits).abs().max().item()
    print(json.dumps(dict(folder=str(folder), largest_difference=difference)))


def peft(folder, base):
    from peft import PeftModel

    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(HERE / base, dtype=torch.float32), folder).eval()
    tokens, probe = batch()
    print(json.dumps(dict(sum=(model(tokens).logits * probe).sum().item())))


if __name__ == "__main__":
    command = sys.argv[1:2]
    if command == ["check"]:
        check(Path(sys.argv[2]), sys.argv[3])
    elif command == ["peft"]:
        peft(Path(sys.argv[2]), sys.argv[3])
    else:
        write()
