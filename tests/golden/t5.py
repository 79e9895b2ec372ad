"""Golden numbers for genrec_model::t5, from Hugging Face `transformers`.

    python tests/golden/t5.py                 writes tests/golden/t5/
    python tests/golden/t5.py check FOLDER    loads a folder that `T5::save` wrote and compares it with the golden model it was made from

Two small random models: version 1.0 (ReLU, tied head) and version 1.1 (gated GELU, a head of its own). For each: config.json and
model.safetensors as `transformers` writes them, and expected.safetensors with a padded batch, its logits, and the gradients of
sum(logits * probe) with respect to every parameter. buckets.json holds the buckets of relative distances.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import T5Config, T5ForConditionalGeneration
from transformers.models.t5.modeling_t5 import T5Attention

HERE = Path(__file__).parent / "t5"
SMALL = dict(
    vocab_size=40, d_model=16, d_kv=4, d_ff=32, num_layers=2, num_decoder_layers=2, num_heads=3,
    relative_attention_num_buckets=8, relative_attention_max_distance=12, decoder_start_token_id=0,
)
VARIANTS = {
    "v1_0": dict(feed_forward_proj="relu", tie_word_embeddings=True),
    "v1_1": dict(feed_forward_proj="gated-gelu", tie_word_embeddings=False),
}


def model_of(variant):
    torch.manual_seed(17)
    model = T5ForConditionalGeneration(T5Config(**SMALL, **VARIANTS[variant])).eval()
    with torch.no_grad():
        # The published initialisation leaves norms at one and scores small: random scales and larger scores test more.
        for name, weight in model.named_parameters():
            if "layer_norm" in name:
                weight.uniform_(0.5, 1.5)
            elif ".q." in name:
                weight.mul_(3.0)
    if variant == "v1_1":
        model.lm_head.weight = torch.nn.Parameter(torch.randn(SMALL["vocab_size"], SMALL["d_model"]))
    return model


def parameters_of(model):
    copies = {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}
    if model.lm_head.weight is model.shared.weight:
        copies.add("lm_head.weight")
    return {n: p for n, p in model.named_parameters(remove_duplicate=False) if n not in copies}


def batch():
    generator = torch.Generator().manual_seed(5)
    lengths = [15, 9, 1]
    tokens = torch.zeros(3, 15, dtype=torch.long)
    for row, length in enumerate(lengths):
        tokens[row, :length] = torch.randint(2, SMALL["vocab_size"], (length,), generator=generator)
    decoder = torch.randint(2, SMALL["vocab_size"], (3, 5), generator=generator)
    decoder[:, 0] = 0
    probe = torch.randn(3, 5, SMALL["vocab_size"], generator=generator)
    return tokens, (tokens != 0).long(), decoder, probe


def logits_of(model):
    tokens, mask, decoder, _ = batch()
    return model(input_ids=tokens, attention_mask=mask, decoder_input_ids=decoder).logits


def write():
    for variant in VARIANTS:
        folder = HERE / variant
        folder.mkdir(parents=True, exist_ok=True)
        model = model_of(variant)
        parameters = parameters_of(model)
        tokens, mask, decoder, probe = batch()
        logits = logits_of(model)
        (logits * probe).sum().backward()
        config = model.config.to_dict() | VARIANTS[variant]
        config = {key: value for key, value in config.items() if key not in ("transformers_version", "dtype")}
        (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
        save_file({n: p.detach().contiguous() for n, p in parameters.items()}, folder / "model.safetensors", {"format": "pt"})
        expected = {f"gradient.{n}": p.grad.contiguous() for n, p in parameters.items()}
        integers = {"tokens": tokens, "mask": mask, "decoder_tokens": decoder}
        expected |= {name: value.to(torch.int32) for name, value in integers.items()}
        expected |= {"probe": probe, "logits": logits.detach()}
        save_file(expected, folder / "expected.safetensors")

    distances = torch.arange(-300, 301)
    tables = []
    for bidirectional in (True, False):
        for buckets, maximum in ((32, 128), (8, 12), (64, 1000)):
            table = T5Attention._relative_position_bucket(distances, bidirectional, buckets, maximum)
            tables.append(dict(bidirectional=bidirectional, buckets=buckets, max_distance=maximum, expected=table.tolist()))
    (HERE / "buckets.json").write_text(json.dumps(tables) + "\n")


def check(folder):
    folder = Path(folder)
    model, report = T5ForConditionalGeneration.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"], report
    tied = json.loads((folder / "config.json").read_text())["tie_word_embeddings"]
    expected = load_file(HERE / ("v1_0" if tied else "v1_1") / "expected.safetensors")["logits"]
    difference = (logits_of(model.eval()) - expected).abs().max().item()
    assert difference < 1e-5, difference
    print(f"{folder}: loaded, largest difference of a logit {difference:.1e}")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        check(sys.argv[2])
    else:
        write()
