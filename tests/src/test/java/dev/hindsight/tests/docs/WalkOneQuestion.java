package dev.hindsight.tests.docs;

import dev.hindsight.autograd.AdamW;
import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.GradientNorm;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.sdpo.dialect.DialectEnvironment;
import dev.hindsight.sdpo.dialect.Level;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import dev.hindsight.sdpo.loss.DistillationLoss;
import dev.hindsight.sdpo.loss.Divergence;
import dev.hindsight.sdpo.loss.Support;
import dev.hindsight.sdpo.loss.TokenRows;
import dev.hindsight.sdpo.teacher.Attempt;
import dev.hindsight.sdpo.teacher.Demonstration;
import dev.hindsight.sdpo.teacher.DemonstrationOptions;
import dev.hindsight.sdpo.teacher.DemonstrationSelector;
import dev.hindsight.sdpo.teacher.PromptEncoder;
import dev.hindsight.sdpo.teacher.RepromptTemplate;
import dev.hindsight.sdpo.teacher.TeacherPrompt;
import dev.hindsight.sdpo.teacher.TeacherPrompts;
import dev.hindsight.sdpo.teacher.Truncation;
import dev.hindsight.transformer.Batch;
import dev.hindsight.transformer.Completion;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.Generator;
import dev.hindsight.transformer.ModelFolder;
import dev.hindsight.transformer.SamplingOptions;
import dev.hindsight.transformer.SequenceScorer;
import dev.hindsight.transformer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The program that {@code docs/walk-one-question.md} is made of. Comments that begin with a bar are
 * the page's prose, the statements between them its snippets, and what they print stands below
 * each. {@link PagesTest} runs it and holds the page to it, word by word and digit by digit.
 */
final class WalkOneQuestion {
  private WalkOneQuestion() {}

  static void walk(Path models, WalkPage out) throws Exception {
    // | # One question, from its text to the weight update
    // |
    // | This page follows one question through one step of SDPO (self-distillation policy
    // | optimisation). The question becomes tokens, the tokens become logits, the logits become
    // | an answer. The answer is judged, and the judgement becomes a prompt for the
    // | *self-teacher*. The difference between teacher and student becomes a loss, a gradient
    // | and an optimiser step. Each output below is printed by the code above it: the build
    // | compiles this page, runs it, and fails when a digit differs.
    // |
    // | You need a rough idea of what a language model is. The *student* (also called the
    // | policy) is the model that is trained; its probabilities are p, the teacher's are q.
    // | Shapes stand in brackets, `[rows, columns]`; `log` is the natural logarithm.
    // |
    // | ## 1. The question
    // |
    // | The built-in environment asks the model to write a call in a hidden *dialect*. The
    // | dialect decides the brackets, the separator, the terminator, and what each operation is
    // | called: here `add` is called `gek`. Level Q draws rare choices, so the base model, which
    // | knows only how dialects usually look, answers this question correctly about once in two
    // | thousand tries.
    DialectEnvironment environment = DialectEnvironment.of(Level.Q, 0);
    Question question = environment.testQuestions().get(7);
    out.println("question:         " + question.text());
    out.println("a right response: " + environment.correctResponses(question).get(0));
    // | ## 2. Text becomes tokens
    // |
    // | The shipped base model has a vocabulary of 120 words; a token is the number of a word. A
    // | prompt is the question between two control tokens: `<bos>` begins a sequence, and after
    // | `<asst>` it is the model's turn.
    Backend backend = Backends.get("reference");
    ModelFolder folder = ModelFolder.load(models.resolve("dialect-48x2"), backend, DType.F32);
    Decoder student = folder.decoder();
    Tokenizer tokenizer = folder.tokenizer();
    PromptEncoder encoder = new PromptEncoder(environment.renderer(), tokenizer);
    int[] prompt = encoder.encode(question.text());
    for (int id : prompt) {
      out.print(tokenizer.token(id) + "=" + id + "  ");
    }
    out.println();
    // | ## 3. Tokens become logits
    // |
    // | Each token selects its row of the embedding table. Two decoder layers follow, in which
    // | attention lets every row read the rows before it. The result is one *hidden state* for
    // | each token; multiplied by the embedding table, it gives one number for each word of the
    // | vocabulary, the *logits* of the next token. Nothing is padded: the sequences of a batch
    // | lie one after another in the rows, and a `SequenceLayout` says where each begins. (Under
    // | `noGrad` nothing is recorded for a backward pass.)
    try (var scope = Autograd.noGrad()) {
      int[] positions = IntStream.range(0, prompt.length).toArray();
      SequenceLayout layout = SequenceLayout.packed(prompt.length);
      Variable hidden = student.hidden(prompt, positions, layout, null);
      Variable logits = student.logits(hidden);
      out.println("hidden " + hidden.shape() + ", logits " + logits.shape());
      Variable next = logits.slice(0, prompt.length - 1, prompt.length).softmax();
      TensorOps.TopK best = TensorOps.topK(next.tensor(), 5);
      for (int i = 0; i < 5; i++) {
        String word = tokenizer.token(best.indices().toInts()[i]);
        out.printf("p(%s) = %.4f%n", word, best.values().toFloats()[i]);
      }
    }
    // | In pretraining the model read documents in many dialects. It learnt that an operation is
    // | most often called by its own word, and that other names occur.
    // |
    // | ## 4. Logits become an answer
    // |
    // | Sampling draws one token at a time from those probabilities, until it draws `<eos>` or
    // | the answer is as long as allowed. Random numbers are counter-based (Philox): a seed and
    // | a stream number give the same numbers on every machine, whatever else is in the batch.
    // | The log-probability of each drawn token y_t is kept, `log p(y_t)`. Such a sampled answer
    // | is called a *rollout*.
    Completion rollout;
    try (Generator generator = new Generator(student)) {
      SamplingOptions sampling =
          SamplingOptions.sampling(environment.maxResponseTokens(), tokenizer.eos());
      rollout = generator.generate(List.of(prompt), List.of(new Philox(0, 1)), sampling).get(0);
    }
    int[] answer = rollout.tokens();
    for (int t = 0; t < answer.length; t++) {
      out.printf(
          "y_%d = %-5s  log p = %8.4f%n", t + 1, tokenizer.token(answer[t]), rollout.logProbs()[t]);
    }
    // | ## 5. The answer is judged
    // |
    // | The verifier works like a compiler with good error messages. The *reward* is 1 or 0. The
    // | *feedback* is text, and it is what SDPO learns from. It reports at most two errors: this
    // | answer has more, but the wrong name and the missing terminator go unmentioned.
    int textEnd = rollout.finished() ? answer.length - 1 : answer.length;
    String response = tokenizer.decode(Arrays.copyOf(answer, textEnd));
    Verdict verdict = environment.judge(question, response, rollout.finished());
    out.println("response: " + response);
    out.println("reward:   " + verdict.reward());
    out.println("feedback: " + verdict.feedback());
    // | ## 6. The judgement becomes the teacher's prompt
    // |
    // | The self-teacher is the same model with more in its prompt: the feedback, or, when
    // | another rollout of the same question was right, that rollout's answer. (Here there is
    // | one rollout only.) The failed answer itself is not quoted.
    DemonstrationSelector selector = new DemonstrationSelector(DemonstrationOptions.REFERENCE);
    List<Attempt> group = List.of(new Attempt(response, verdict.reward(), verdict.feedback()));
    Demonstration demonstration = selector.select(group).get(0);
    TeacherPrompts prompts =
        new TeacherPrompts(RepromptTemplate.REFERENCE, encoder, 128, Truncation.BUDGET);
    TeacherPrompt reprompt = prompts.build(question, demonstration);
    out.println(reprompt.message());
    out.println("[" + reprompt.tokens().length + " tokens with the chat format]");
    // | ## 7. Teacher and student read the same answer
    // |
    // | Nothing is sampled from the teacher. It reads its own prompt and then the student's
    // | answer (this is called *teacher forcing*), and for each token of the answer gives the
    // | probabilities of what it would have written there. The logits of a position predict the
    // | next token, so both models give one distribution for each token of the answer, although
    // | their prompts differ in length.
    Decoder teacher = student.copy();
    Batch asStudent = SequenceScorer.batch(List.of(prompt), List.of(answer));
    Batch asTeacher = SequenceScorer.batch(List.of(reprompt.tokens()), List.of(answer));
    Variable logQ;
    try (var scope = Autograd.noGrad()) {
      logQ = teacher.logits(teacher.hidden(asTeacher)).logSoftmax();
    }
    Variable logP = student.logits(student.hidden(asStudent)).logSoftmax();
    Tensor sampled = Tensor.of(backend, Shape.of(answer.length, 1), answer);
    float[] p = logP.gatherLast(sampled).tensor().toFloats();
    float[] q = logQ.gatherLast(sampled).tensor().toFloats();
    for (int t = 0; t < answer.length; t++) {
      out.printf(
          "%-5s  log p %8.4f   log q %8.4f   log q - log p %8.4f%n",
          tokenizer.token(answer[t]), p[t], q[t], q[t] - p[t]);
    }
    // | Read the last column from top to bottom. Where it is far below zero, the teacher objects
    // | to the token: here to the bracket and the separator, the two mistakes that the feedback
    // | names. A reward says only that the whole answer was wrong. And `log p` is, to the last
    // | bit, what the sampler recorded, because the same kernels sample and train:
    out.println("same bits as while sampling: " + Arrays.equals(p, rollout.logProbs()));
    // | ## 8. The difference becomes a loss
    // |
    // | For each token the loss is a divergence between the two whole distributions, not only
    // | the difference at the sampled token. Here it is the reverse KL divergence, `sum over v
    // | of p(v) (log p(v) - log q(v))` (`Divergence(1.0)`), over the student's 20 likeliest
    // | words and one bucket for all others. No gradient flows into the teacher. No importance
    // | weight is needed, because the model that sampled the answer is the one that learns from
    // | it. The loss of the answer is the mean over its tokens.
    DistillationLoss loss =
        new DistillationLoss(new Divergence(1.0), new Support.TopK(20, true), null);
    Variable logOld = Variable.constant(Tensor.of(backend, Shape.of(answer.length, 1), p));
    Variable perToken = loss.perToken(new TokenRows(logP, logQ, sampled, logOld, null));
    Variable total = perToken.mean();
    out.println("loss per token " + rounded(perToken.tensor().toFloats()));
    out.printf("loss of the answer %.4f%n", total.item());
    // | ## 9. The loss becomes a gradient
    // |
    // | `backward` walks the recorded operations from the loss back to every weight. To check
    // | it, we also move one weight by hand, a little up and a little down, and divide the
    // | difference of the two losses by the distance.
    total.backward();
    Map<String, Variable> weights = student.parameters();
    String name = "model.layers.0.self_attn.q_proj.weight";
    Variable matrix = weights.get(name);
    int index = largest(matrix.gradient().toFloats());
    double nudge = 0.01;
    double up =
        lossWithWeight(student, matrix, index, nudge, asStudent, logQ, loss, sampled, logOld);
    double down =
        lossWithWeight(student, matrix, index, -nudge, asStudent, logQ, loss, sampled, logOld);
    out.println(name + " " + matrix.shape());
    out.printf("gradient by backward    %.5f%n", matrix.gradient().toFloats()[index]);
    out.printf("gradient by differences %.5f%n", (up - down) / (2 * nudge));
    // | ## 10. The gradient becomes a step
    // |
    // | The gradient is clipped to norm 1 and AdamW takes its step. Then the teacher's weights
    // | move one hundredth of the way to the student's: they are an exponential moving average.
    // | A teacher that moved at once could drift away together with the student.
    double before = probabilityOfRight(student, environment, question, encoder);
    AdamW optimiser = new AdamW(weights, new AdamW.Settings(0.9, 0.999, 1e-8, 0.01));
    GradientNorm norm = GradientNorm.clip(weights.values(), 1.0);
    float old = matrix.tensor().toFloats()[index];
    optimiser.step(2e-3, norm.scale());
    teacher
        .parameters()
        .forEach((key, w) -> TensorOps.lerp(weights.get(key).tensor(), 0.01, w.tensor()));
    out.printf("gradient norm %.4f, scaled by %.4f%n", norm.norm(), norm.scale());
    out.printf("the student's weight %.5f -> %.5f%n", old, matrix.tensor().toFloats()[index]);
    float follower = teacher.parameters().get(name).tensor().toFloats()[index];
    out.printf("the teacher's weight %.5f -> %.5f%n", old, follower);
    // | ## 11. What it did
    // |
    // | One answer, one step. The probability that the plain prompt now gets the right response:
    double after = probabilityOfRight(student, environment, question, encoder);
    out.printf("p(right) %.6f -> %.6f, a factor of %.1f%n", before, after, after / before);
    // | The student saw the right answer nowhere. `./hindsight quickstart` takes 50 such steps,
    // | each with 8 rollouts of 16 questions, and compares the result with GRPO, which learns
    // | from the reward alone. [The guide](guide/README.md) describes the commands.
    out.end();
  }

  private static double lossWithWeight(
      Decoder student,
      Variable matrix,
      int index,
      double nudge,
      Batch batch,
      Variable logQ,
      DistillationLoss loss,
      Tensor sampled,
      Variable logOld) {
    Tensor one =
        matrix.tensor().reshape(Shape.of((int) matrix.tensor().size())).slice(0, index, index + 1);
    double old = one.item();
    TensorOps.fill(one, old + nudge);
    try (var scope = Autograd.noGrad()) {
      Variable logP = student.logits(student.hidden(batch)).logSoftmax();
      return loss.perToken(new TokenRows(logP, logQ, sampled, logOld, null)).mean().item();
    } finally {
      TensorOps.fill(one, old);
    }
  }

  private static double probabilityOfRight(
      Decoder student, DialectEnvironment environment, Question question, PromptEncoder encoder) {
    List<int[]> prompts = new ArrayList<>();
    List<int[]> responses = new ArrayList<>();
    for (String right : environment.correctResponses(question)) {
      int[] text = encoder.tokenizer().encode(right);
      int[] response = Arrays.copyOf(text, text.length + 1);
      response[text.length] = encoder.tokenizer().eos();
      prompts.add(encoder.encode(question.text()));
      responses.add(response);
    }
    double sum = 0;
    try (var scorer = new SequenceScorer(student)) {
      for (float[] logProbs : scorer.logProbs(prompts, responses, 1)) {
        double log = 0;
        for (float l : logProbs) {
          log += l;
        }
        sum += Math.exp(log);
      }
    }
    return sum;
  }

  private static int largest(float[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      if (Math.abs(values[i]) > Math.abs(values[best])) {
        best = i;
      }
    }
    return best;
  }

  private static String rounded(float[] values) {
    StringBuilder text = new StringBuilder();
    for (float v : values) {
      text.append(String.format(java.util.Locale.ROOT, " %.4f", v));
    }
    return text.toString().strip();
  }
}
