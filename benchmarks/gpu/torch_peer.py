"""PyTorch's figures on an NVIDIA GPU, for the tables of docs/benchmarks.md beside Hindsight's.

fp32 with TF32 off everywhere. Prints one JSON object a line:
{"group", "case", "unit", "value", "spread"}; value is the median of the rounds.

    python3 torch_peer.py [--groups sgemm,attention,gpt-train] [--compile]
"""

import argparse
import json
import math
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
torch.set_float32_matmul_precision("highest")


def seconds(step, rounds=7, least=0.15):
    """Median and (max - min) / median of the time of one call, each round at least `least` long."""
    step()
    torch.cuda.synchronize()
    start = time.perf_counter()
    step()
    torch.cuda.synchronize()
    repeats = max(1, math.ceil(least / max(1e-6, time.perf_counter() - start)))
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(repeats):
            step()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) / repeats)
    median = statistics.median(times)
    return median, (max(times) - min(times)) / median


def report(group, case, unit, value, spread):
    print(json.dumps({"group": group, "case": case, "unit": unit, "value": value, "spread": spread}), flush=True)


def sgemm():
    shapes = [(n, n, n) for n in (512, 1024, 2048, 4096, 8192)]
    # What a GPT-2 small of batch 8 x 512 multiplies: QKV, projection, FFN up and down, vocabulary.
    shapes += [(4096, 768, 2304), (4096, 768, 768), (4096, 768, 3072), (4096, 3072, 768), (4096, 768, 50257)]
    for m, k, n in shapes:
        for form in ("", " Bt", " At"):
            a = torch.randn(k, m, device="cuda").t() if form == " At" else torch.randn(m, k, device="cuda")
            b = torch.randn(n, k, device="cuda").t() if form == " Bt" else torch.randn(k, n, device="cuda")
            out = torch.empty(m, n, device="cuda")
            t, spread = seconds(lambda: torch.mm(a, b, out=out))
            report("sgemm", f"{m}x{k}x{n}{form}", "GFLOP/s", 2e-9 * m * k * n / t, spread)


def attention():
    for batch, heads, length, dim in ((8, 12, 512, 64), (8, 12, 1024, 64), (2, 12, 4096, 64), (4, 16, 1024, 128)):
        q, k, v = (torch.randn(batch, heads, length, dim, device="cuda", requires_grad=True) for _ in range(3))
        d_out = torch.randn(batch, heads, length, dim, device="cuda")
        flops = 4 * batch * heads * dim * length * (length + 1) / 2  # causal: scores and values

        def forward():
            with torch.no_grad():
                F.scaled_dot_product_attention(q, k, v, is_causal=True)

        def both():
            q.grad = k.grad = v.grad = None
            F.scaled_dot_product_attention(q, k, v, is_causal=True).backward(d_out)

        case = f"{batch}x{heads}x{length}x{dim}"
        t, spread = seconds(forward)
        report("attention", case + " forward", "GFLOP/s", 1e-9 * flops / t, spread)
        t, spread = seconds(both)
        report("attention", case + " forward+backward", "GFLOP/s", 3.5e-9 * flops / t, spread)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, t, c))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Gpt(nn.Module):
    """GPT-2 small: 12 layers, 12 heads, 768 wide, 124M parameters with tied embeddings."""

    def __init__(self, vocabulary=50257, width=768, layers=12, heads=12, positions=1024):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(positions, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, x):
        h = self.tokens(x) + self.positions.weight[: x.shape[1]]
        for block in self.blocks:
            h = block(h)
        return F.linear(self.norm(h), self.tokens.weight)


def gpt(compiled):
    torch.manual_seed(0)
    batch, length = 8, 512
    model = Gpt().cuda()
    run = torch.compile(model) if compiled else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    x = torch.randint(0, 50257, (batch, length + 1), device="cuda")

    def step():
        logits = run(x[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), x[:, 1:].reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    for _ in range(3):
        step()
    t, spread = seconds(step, rounds=5, least=0.5)
    report("gpt-train", "124M 8x512 " + ("compiled" if compiled else "eager"), "tokens/s", batch * length / t, spread)
    report("gpt-train", "124M peak memory " + ("compiled" if compiled else "eager"), "MiB",
           torch.cuda.max_memory_allocated() / 2**20, 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--groups", default="sgemm,attention,gpt-train")
    parser.add_argument("--compile", action="store_true", help="also the GPT step under torch.compile")
    arguments = parser.parse_args()
    print(json.dumps({"device": torch.cuda.get_device_name(), "torch": torch.__version__}), flush=True)
    groups = arguments.groups.split(",")
    if "sgemm" in groups:
        sgemm()
    if "attention" in groups:
        attention()
    if "gpt-train" in groups:
        gpt(False)
        if arguments.compile:
            gpt(True)


main()
