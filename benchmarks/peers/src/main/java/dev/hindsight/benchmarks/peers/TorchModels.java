package dev.hindsight.benchmarks.peers;

import static org.bytedeco.pytorch.global.torch.clip_grad_norm_;
import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.bytedeco.pytorch.global.torch.log_softmax;
import static org.bytedeco.pytorch.global.torch.multinomial;
import static org.bytedeco.pytorch.global.torch.softmax;

import dev.hindsight.benchmarks.Case;
import dev.hindsight.benchmarks.TinyBatch;
import java.util.List;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** The same whole steps as Hindsight's, in libtorch. */
final class TorchModels {
  private static final double CLIP = 1;
  private static final long IGNORED = -100;
  private static final long MEAN = 1;

  private TorchModels() {}

  static Runnable train(Case.Train c) {
    TorchDecoder decoder = new TorchDecoder(c.model(), true);
    long rows = (long) c.batch() * c.time();
    long[] tokens =
        TinyBatch.tokens(c.batch(), c.time(), c.model().vocabSize()).stream()
            .flatMapToInt(java.util.Arrays::stream)
            .asLongStream()
            .toArray();
    long[] next = new long[tokens.length];
    for (int i = 0; i < next.length; i++) {
      next[i] = tokens[(i + 1) % next.length];
    }
    Tensor ids = LibTorch.ids(tokens, c.batch(), c.time());
    Tensor targets = LibTorch.ids(next, rows);
    AdamW optimiser = new AdamW(decoder.parameters(), LibTorch.options(1e-4));
    return LibTorch.scoped(
        () -> {
          optimiser.zero_grad();
          Tensor logits = decoder.logits(decoder.hidden(ids, null));
          cross_entropy_loss(logits.view(rows, c.model().vocabSize()), targets).backward();
          clip_grad_norm_(decoder.parameters(), CLIP);
          optimiser.step();
        });
  }

  static Runnable decode(Case.Decode c) {
    TorchDecoder decoder = new TorchDecoder(c.model(), false);
    Tensor prompt = padded(TinyBatch.tokens(1, c.prompt(), c.model().vocabSize()), c.prompt());
    return LibTorch.withoutGradients(
        () -> {
          TorchDecoder.Cache cache = new TorchDecoder.Cache(c.model(), 1, c.prompt() + c.tokens());
          Tensor next = prompt;
          for (int i = 0; i < c.tokens(); i++) {
            Tensor hidden = decoder.hidden(next, cache);
            Tensor last = hidden.narrow(1, hidden.size(1) - 1, 1);
            next = decoder.logits(last).argmax(new org.bytedeco.pytorch.LongOptional(2), false);
            next.view(1).item_long(); // a caller streams tokens, and looks for the stop token
          }
        });
  }

  /** Documents are padded at their ends to the longest; the loss is taken on targets only. */
  static Runnable pretrain(Case.PretrainTiny c) {
    TinyBatch batch = TinyBatch.pretraining(c.documents());
    int longest = 0;
    for (int i = 0; i < c.documents(); i++) {
      longest =
          Math.max(longest, batch.prompts().get(i).length + batch.targets().get(i).length - 1);
    }
    long[] tokens = new long[c.documents() * longest];
    long[] next = new long[tokens.length];
    java.util.Arrays.fill(next, IGNORED);
    for (int i = 0; i < c.documents(); i++) {
      int[] prompt = batch.prompts().get(i);
      int[] target = batch.targets().get(i);
      for (int t = 0; t < prompt.length + target.length - 1; t++) {
        tokens[i * longest + t] = t < prompt.length ? prompt[t] : target[t - prompt.length];
        if (t >= prompt.length - 1) {
          next[i * longest + t] = target[t - prompt.length + 1];
        }
      }
    }
    Tensor ids = LibTorch.ids(tokens, c.documents(), longest);
    Tensor targets = LibTorch.ids(next, next.length);
    // the head is applied to the rows whose targets count
    long[] counted =
        java.util.stream.IntStream.range(0, next.length)
            .filter(i -> next[i] != IGNORED)
            .asLongStream()
            .toArray();
    Tensor rows = LibTorch.ids(counted, counted.length);
    Tensor wanted = targets.index_select(0, rows).clone();
    TorchDecoder decoder = new TorchDecoder(c.model(), true);
    AdamW optimiser = new AdamW(decoder.parameters(), LibTorch.options(1e-4));
    int width = c.model().hiddenSize();
    return LibTorch.scoped(
        () -> {
          optimiser.zero_grad();
          Tensor hidden = decoder.hidden(ids, null).view(-1, width).index_select(0, rows);
          cross_entropy_loss(decoder.logits(hidden), wanted, new TensorOptional(), MEAN, IGNORED, 0)
              .backward();
          clip_grad_norm_(decoder.parameters(), CLIP);
          optimiser.step();
        });
  }

  static Runnable sdpo(Case.SdpoTiny c) {
    int samples = c.questions() * c.rollouts();
    int vocabulary = c.model().vocabSize();
    int response = TinyBatch.RESPONSE;
    TorchDecoder student = new TorchDecoder(c.model(), true);
    TorchDecoder teacher = new TorchDecoder(c.model(), false);
    Tensor prompts =
        padded(TinyBatch.tokens(samples, TinyBatch.QUESTION, vocabulary), TinyBatch.QUESTION);
    Tensor reprompts =
        padded(TinyBatch.tokens(samples, TinyBatch.REPROMPT, vocabulary), TinyBatch.REPROMPT);
    AdamW optimiser = new AdamW(student.parameters(), LibTorch.options(1e-5));
    return LibTorch.scoped(
        () -> {
          Tensor responses;
          Tensor q;
          try (NoGradGuard _ = new NoGradGuard()) {
            responses = sample(student, c, prompts, samples, response);
            q = logSoftmax(teacher, reprompts, responses, TinyBatch.REPROMPT, response);
          }
          optimiser.zero_grad();
          Tensor p = logSoftmax(student, prompts, responses, TinyBatch.QUESTION, response);
          reverseKl(p, q, 20).mean().backward();
          clip_grad_norm_(student.parameters(), CLIP);
          optimiser.step();
          try (NoGradGuard _ = new NoGradGuard()) {
            List<Tensor> now = student.all();
            for (int i = 0; i < now.size(); i++) {
              teacher.all().get(i).lerp_(now.get(i), new Scalar(.01));
            }
          }
        });
  }

  private static Tensor sample(
      TorchDecoder model, Case.SdpoTiny c, Tensor prompts, int samples, int length) {
    TorchDecoder.Cache cache =
        new TorchDecoder.Cache(c.model(), samples, TinyBatch.QUESTION + length);
    TensorVector tokens = new TensorVector();
    Tensor next = prompts;
    for (int i = 0; i < length; i++) {
      Tensor hidden = model.hidden(next, cache);
      Tensor last = hidden.select(1, hidden.size(1) - 1);
      next = multinomial(softmax(model.logits(last), 1), 1);
      tokens.push_back(next);
    }
    return torch.cat(tokens, 1);
  }

  /** Log-softmax at every token of the responses: {@code [samples * length, vocabulary]}. */
  private static Tensor logSoftmax(
      TorchDecoder model, Tensor prompts, Tensor responses, int prompt, int length) {
    Tensor ids = torch.cat(new TensorVector(prompts, responses.narrow(1, 0, length - 1)), 1);
    Tensor hidden = model.hidden(ids, null).narrow(1, prompt - 1, length);
    Tensor rows = hidden.contiguous().view(hidden.size(0) * length, hidden.size(2));
    return log_softmax(model.logits(rows), 1);
  }

  /** KL(p || q) over the student's top K and one bucket for the rest, a row. */
  private static Tensor reverseKl(Tensor p, Tensor q, long k) {
    T_TensorTensor_T top = p.topk(k, 1, true, false);
    Tensor logP = withTail(top.get0());
    Tensor logQ = withTail(q.gather(1, top.get1()));
    return logP.exp().mul(logP.sub(logQ)).sum(1);
  }

  private static Tensor withTail(Tensor logs) {
    Tensor mass = torch.logsumexp(logs, new long[] {1}, true);
    Tensor clamped = torch.clamp(mass, new ScalarOptional(), new ScalarOptional(new Scalar(-1e-7)));
    Tensor tail = torch.log(torch.expm1(clamped).neg());
    return torch.cat(new TensorVector(logs, tail), 1);
  }

  private static Tensor padded(List<int[]> sequences, int length) {
    long[] all = sequences.stream().flatMapToInt(java.util.Arrays::stream).asLongStream().toArray();
    return LibTorch.ids(all, sequences.size(), length);
  }
}
