"""PyTorch on an NVIDIA GPU, beside Hindsight on the same one, in turns:

    ./hindsight bench --backend opencl --peer pytorch,pytorch-compiled

starts `python3 torch_peer.py pytorch` and asks it line by line, as it asks its own worker
(benchmarks/src/main/java/dev/hindsight/benchmarks/Worker.java); an answer is a line that begins
with "@bench ". fp32 with TF32 off everywhere. HINDSIGHT_TORCH_DEVICE=cpu measures the processor.
"""

import os
import re
import sys
import time

ANSWER = "@bench "
PROGRESS, WINDOWS_WITHOUT_PROGRESS = 1.03, 3  # as in Worker.java, all of these
KERNEL_WINDOW, MODEL_WINDOW, BATCH = 0.15, 1.0, 0.01

try:
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
except ImportError as e:
    torch, missing = None, e

# vocabulary, width, inner width, layers, heads, positions, tied embeddings, GELU: Cases.java
GPT = (4096, 256, 1024, 6, 8, 256, False, "none")
GPT2 = (50257, 768, 3072, 12, 12, 1024, True, "tanh")
TRAIN = {"gpt-6.9M 8x256": (GPT, 8, 256), "gpt2-124M 8x512": (GPT2, 8, 512)}
DECODE = {"gpt-6.9M greedy": (GPT, 16, 128), "gpt2-124M greedy": (GPT2, 16, 128)}


def build_models():
    """The decoder's classes, once there is a torch to derive them from."""

    class Block(nn.Module):
        def __init__(self, width, inner, heads, gelu):
            super().__init__()
            self.heads, self.gelu = heads, gelu
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)

        def forward(self, x, cache=None, at=0):
            batch, time, width = x.shape
            qkv = self.qkv(self.norm1(x)).view(batch, time, 3, self.heads, width // self.heads)
            q, k, v = qkv.permute(2, 0, 3, 1, 4)
            if cache is not None:
                cache[0][:, :, at : at + time], cache[1][:, :, at : at + time] = k, v
                k, v = cache[0][:, :, : at + time], cache[1][:, :, : at + time]
            y = F.scaled_dot_product_attention(q, k, v, is_causal=time > 1)
            x = x + self.out(y.transpose(1, 2).reshape(batch, time, width))
            return x + self.down(F.gelu(self.up(self.norm2(x)), approximate=self.gelu))

    class Gpt(nn.Module):
        def __init__(self, vocabulary, width, inner, layers, heads, positions, tied, gelu):
            super().__init__()
            self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(positions, width)
            self.blocks = nn.ModuleList(Block(width, inner, heads, gelu) for _ in range(layers))
            self.norm = nn.LayerNorm(width)
            self.head = nn.Linear(width, vocabulary, bias=False)
            if tied:
                self.head.weight = self.tokens.weight
            for p in self.parameters():
                if p.dim() > 1:
                    nn.init.normal_(p, std=0.02)

        def forward(self, x, caches=None, at=0):
            h = self.tokens(x) + self.positions.weight[at : at + x.shape[1]]
            for i, block in enumerate(self.blocks):
                h = block(h, None if caches is None else caches[i], at)
            return self.head(self.norm(h if caches is None else h[:, -1:]))

    return Gpt


class Contender:
    def __init__(self, compiled):
        if torch is None:
            raise RuntimeError(f"python3 has no PyTorch ({missing}): python3 -m pip install torch")
        self.device = os.environ.get("HINDSIGHT_TORCH_DEVICE", "cuda")
        if self.device == "cuda" and not torch.cuda.is_available():
            raise RuntimeError(
                f"PyTorch {torch.__version__} of python3 finds no NVIDIA GPU;"
                " HINDSIGHT_TORCH_DEVICE=cpu measures it on the processor"
            )
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.set_float32_matmul_precision("highest")
        torch.manual_seed(0)
        self.compiled = compiled
        self.gpt = build_models()
        self.step, self.kernel, self.batch = None, True, 1

    def describe(self):
        on = f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}, TF32 off" if self.device == "cuda" else "CPU"
        return f"PyTorch {torch.__version__}, {on}, {'torch.compile' if self.compiled else 'eager'}"

    def synchronise(self):
        if self.device == "cuda":
            torch.cuda.synchronize()

    def randn(self, *shape, grad=False):
        return torch.randn(*shape, device=self.device, requires_grad=grad)

    def prepare(self, case):
        self.step = None  # what it holds may go
        if self.device == "cuda":
            torch.cuda.empty_cache()
        if self.compiled:
            torch._dynamo.reset()  # a second shape of an operation would be compiled for any shape
        group, name = case.split("/", 1)
        self.kernel = group in ("sgemm", "attention", "elementwise")
        make = {
            "sgemm": self.sgemm,
            "attention": self.attention,
            "elementwise": self.elementwise,
            "gpt-train": self.train,
            "decode": self.decode,
        }.get(group)
        self.step, self.batch = make(name) if make else None, 1
        if self.step is None:
            return "none"
        self.step()
        self.synchronise()
        return "ready"

    def sgemm(self, name):
        if self.compiled:
            return None  # cuBLAS in either case
        batch, m, k, n, at, bt = re.fullmatch(r"(?:(\d+)\*)?(\d+)x(\d+)x(\d+)( At)?( Bt)?", name).groups()
        batch, m, k, n = int(batch or 1), int(m), int(k), int(n)
        a = self.randn(batch, k, m).transpose(1, 2) if at else self.randn(batch, m, k)
        b = self.randn(batch, n, k).transpose(1, 2) if bt else self.randn(batch, k, n)
        out = torch.empty(batch, m, n, device=self.device)
        if batch == 1:
            a, b, out = a[0], b[0], out[0]
        return lambda: torch.matmul(a, b, out=out)

    def attention(self, name):
        if self.compiled:
            return None  # one fused kernel in either case
        batch, time, heads, dim = map(int, re.match(r"(\d+)x(\d+) (\d+)x(\d+) forward", name).groups())
        backward = name.endswith("+backward")
        q, k, v = (self.randn(batch, heads, time, dim, grad=backward) for _ in range(3))
        d_out = self.randn(batch, heads, time, dim)

        def forward():
            return F.scaled_dot_product_attention(q, k, v, is_causal=True)

        def both():
            q.grad = k.grad = v.grad = None
            forward().backward(d_out)

        return both if backward else forward

    def elementwise(self, name):
        op, rows, columns = re.fullmatch(r"(\S+) (\d+)x(\d+)", name).groups()
        x, y = self.randn(int(rows), int(columns)), self.randn(int(rows), int(columns))
        weight, bias, last = self.randn(int(columns)), self.randn(int(columns)), (int(columns),)
        if op == "adamw":
            if self.compiled:
                return None  # one fused kernel in either case
            x.requires_grad_()
            x.grad = y
            return torch.optim.AdamW([x], lr=1e-3, weight_decay=0.01, fused=True).step
        run = {
            "add": lambda: x + y,
            "gelu": lambda: F.gelu(x),
            "silu": lambda: F.silu(x),
            "softmax": lambda: F.softmax(x, 1),
            "rms-norm": lambda: F.rms_norm(x, last, weight, 1e-5),
            "layer-norm": lambda: F.layer_norm(x, last, weight, bias, 1e-5),
        }[op]
        return torch.compile(run) if self.compiled else run

    def train(self, name):
        config, batch, time = TRAIN[name]
        vocabulary = config[0]
        model = self.gpt(*config).to(self.device)
        run = torch.compile(model) if self.compiled else model
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01, fused=True)
        tokens = torch.randint(0, vocabulary, (batch, time), device=self.device)
        targets = torch.roll(tokens.reshape(-1), -1)

        def step():
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(run(tokens).view(-1, vocabulary), targets).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

        return step

    def decode(self, name):
        if self.compiled:
            return None  # the cache grows from token to token
        config, prompt, count = DECODE[name]
        _, width, _, layers, heads, _, _, _ = config
        model = self.gpt(*config).to(self.device).eval()
        first = torch.randint(0, config[0], (1, prompt), device=self.device)
        shape = (1, heads, prompt + count, width // heads)
        caches = [(torch.zeros(shape, device=self.device), torch.zeros(shape, device=self.device)) for _ in range(layers)]

        @torch.inference_mode()
        def step():
            tokens, at = first, 0
            for _ in range(count):
                logits = model(tokens, caches, at)
                at += tokens.shape[1]
                tokens = logits[:, -1].argmax(1, keepdim=True)
                tokens.item()  # a caller streams tokens, and looks for the stop token

        return step

    def rate(self, seconds):
        begin, count, elapsed = time.perf_counter(), 0, 0.0
        while True:
            for _ in range(self.batch):
                self.step()
            self.synchronise()
            count += self.batch
            before, elapsed = elapsed, time.perf_counter() - begin
            if elapsed - before < BATCH:
                self.batch *= 2
            if elapsed >= seconds:
                return count / elapsed

    def warm(self, limit):
        window = KERNEL_WINDOW if self.kernel else MODEL_WINDOW
        begin, best, without = time.perf_counter(), 0.0, 0
        while without < WINDOWS_WITHOUT_PROGRESS and time.perf_counter() - begin < limit:
            now = self.rate(window)
            without = without + 1 if now < PROGRESS * best else 0
            best = max(best, now)
        return "warm"

    def answer(self, verb, rest):
        if verb == "describe":
            return self.describe()
        if verb == "prepare":
            return self.prepare(rest)
        if verb == "warm":
            return self.warm(float(rest))
        if verb == "run":
            return repr(self.rate(float(rest)))
        raise ValueError("torch_peer.py: " + verb)


def main():
    contender = None
    for line in sys.stdin:
        verb, _, rest = line.rstrip("\n").partition(" ")
        try:
            contender = contender or Contender(sys.argv[1] == "pytorch-compiled")
            answer = contender.answer(verb, rest)
        except Exception as e:
            answer = "error " + (str(e) or repr(e)).replace("\n", " ")
        print(ANSWER + answer, flush=True)


main()
