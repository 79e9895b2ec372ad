"""A training step of an RQ-VAE: plain PyTorch, and `vector-quantize-pytorch`'s ResidualVQ between the same layers, beside genrec.

    python benches/peers/rqvae.py target/release/deps/peers-... FOLDER

768-512-256-128-64-32 and back, 4 x 256 codewords, batches of 1,024, AdamW; mean squares, codebook and commitment terms. Ten steps a call.
"""

import sys

import torch
from torch import nn
from torch.nn import functional
from vector_quantize_pytorch import ResidualVQ

from peers import DEVICE, Ours, compare, folder

WIDTHS, LEVELS, CODEWORDS, BATCH, STEPS = [768, 512, 256, 128, 64, 32], 4, 256, 1_024, 10


def layers(widths):
    found = []
    for before, after in zip(widths, widths[1:]):
        found += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*found[:-1])


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.codebooks = nn.ParameterList(torch.randn(CODEWORDS, WIDTHS[-1]) * 0.1 for _ in range(LEVELS))

    def forward(self, latent):
        left, quantized, loss = latent, torch.zeros_like(latent), 0
        for codebook in self.codebooks:
            codes = torch.cdist(left.detach(), codebook.detach()).argmin(1)
            codeword = codebook[codes]
            loss = loss + functional.mse_loss(codeword, left.detach()) + 0.25 * functional.mse_loss(codeword.detach(), left)
            left = left - codeword.detach()
            quantized = quantized + codeword
        return latent + (quantized - latent).detach(), loss


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = ResidualVQ(dim=WIDTHS[-1], num_quantizers=LEVELS, codebook_size=CODEWORDS)

    def forward(self, latent):
        quantized, _, loss = self.inner(latent)
        return quantized, loss.sum()


def main(ours, path):
    path = folder(path)
    torch.manual_seed(1)
    rows = torch.randn(BATCH, WIDTHS[0])
    (path / "rows.f32").write_bytes(rows.numpy().tobytes())
    child = Ours(ours, "rq-vae", path)
    rows = rows.to(DEVICE)
    for name, middle in {"PyTorch": Plain, "vector-quantize-pytorch": Residual}.items():
        encoder, quantizer, decoder = layers(WIDTHS), middle(), layers(WIDTHS[::-1])
        modules = nn.ModuleList([encoder, quantizer, decoder]).to(DEVICE).train()
        optimizer = torch.optim.AdamW(modules.parameters(), lr=1e-3)

        def steps():
            for _ in range(STEPS):
                quantized, loss = quantizer(encoder(rows))
                loss = loss + functional.mse_loss(decoder(quantized), rows)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

        compare(f"RQ-VAE step: {name}", steps, child, "steps", 10, 2, units=STEPS)
    child.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
