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
 * each. {@link WalkOneQuestionTest} runs it and holds the page to it, word by word and digit by
 * digit.
 */
final class WalkOneQuestion {
  private WalkOneQuestion() {}

  static void walk(Path models, WalkPage out) throws Exception {
    // | # One question, from its text to the weight update
    // |
    // | Follow one question through the whole of Hindsight: it becomes tokens, the tokens become
    // | logits, the logits an answer; the answer is judged, the judgement becomes a prompt for
    // | the *self-teacher*, and what the teacher would have said becomes a gradient, an
    // | optimiser step, and a policy that is a little less wrong. Everything below is printed by
    // | the code above it: the build compiles this page, runs it, and fails when a digit
    // | differs.
    // |
    // | You need no more than a rough idea of a language model. Shapes stand in brackets,
    // | `[rows, columns]`; `log` is the natural logarithm; p is the student, q the teacher.
    // |
    // | ## 1. The question
    // |
    // | The built-in environment asks for a call in a *dialect* that nobody told the model:
    // | which bracket, which separator, which terminator, and what `max` is called here. Level Q
    // | draws rare choices, so a model that knows only how dialects usually look is right once
    // | in some two thousand tries.
    DialectEnvironment environment = DialectEnvironment.of(Level.Q, 0);
    Question question = environment.testQuestions().get(7);
    out.println("question:         " + question.text());
    out.println("a right response: " + environment.correctResponses(question).get(0));
    // | ## 2. Text becomes tokens
    // |
    // | The shipped base model reads words: 120 of them. A prompt is the question between two
    // | control tokens; `<asst>` says that now it is the model's turn.
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
    // | Each token picks its row of the embedding table; two decoder layers let every row look
    // | at the rows before it; the last row's *hidden state* times the embedding table gives one
    // | number for each word of the vocabulary, the logits. There is no padding: sequences of a
    // | batch lie one after another in the rows, and a `SequenceLayout` says where each begins.
    // | (`noGrad`: we only look; nothing is recorded for a backward pass.)
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
    // | The model has read many documents in many dialects. It knows that the operation's own
    // | word is the likeliest name, and that it might be another.
    // |
    // | ## 4. Logits become an answer
    // |
    // | Sampling draws one token at a time from those probabilities. Random numbers are
    // | counter-based (Philox): a seed and a stream number give the same draw on every machine,
    // | whatever else is in the batch. The log-probability of each drawn token is kept: it is
    // | `log p(y_t)`.
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
    // | The verifier works like a compiler with good error messages. The reward is one bit. The
    // | *feedback* is text, and that is what SDPO lives on.
    int textEnd = rollout.finished() ? answer.length - 1 : answer.length;
    String response = tokenizer.decode(Arrays.copyOf(answer, textEnd));
    Verdict verdict = environment.judge(question, response, rollout.finished());
    out.println("response: " + response);
    out.println("reward:   " + verdict.reward());
    out.println("feedback: " + verdict.feedback());
    // | ## 6. The judgement becomes the teacher's prompt
    // |
    // | The self-teacher is the same model. It only knows more: its prompt holds the feedback,
    // | or a sibling's right answer when there is one. (Here the group has one rollout, so there
    // | is no sibling.) The failed answer itself is not quoted.
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
    // | Nobody samples from the teacher. It is *teacher-forced*: it reads its own prompt and
    // | then the student's answer, and at each place says what it would have put there. The
    // | logits at place t - 1 predict token t, so both models give one distribution a token,
    // | although their prompts differ in length.
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
    // | Read the last column from top to bottom. Where it is far below zero, the teacher has
    // | found the mistake: not "this answer was wrong", but *this token* was. And `log p` is, to
    // | the last bit, what the sampler recorded, because one engine samples and trains:
    out.println("same bits as while sampling: " + Arrays.equals(p, rollout.logProbs()));
    // | ## 8. The difference becomes a loss
    // |
    // | At each place the loss is the divergence of the student's whole distribution from the
    // | teacher's: here the reverse KL, `sum over v of p(v) (log p(v) - log q(v))`, over the
    // | student's 20 likeliest words and one bucket for the rest. The teacher is a constant in
    // | it, and no importance weight is needed, because the policy that answered is the policy
    // | that learns. The answer's loss is the mean over its tokens.
    DistillationLoss loss =
        new DistillationLoss(new Divergence(1.0), new Support.TopK(20, true), null);
    Variable logOld = Variable.constant(Tensor.of(backend, Shape.of(answer.length, 1), p));
    Variable perToken = loss.perToken(new TokenRows(logP, logQ, sampled, logOld, null));
    Variable total = perToken.mean();
    out.println("loss per token " + rounded(perToken.tensor().toFloats()));
    out.printf("loss of the answer %.4f%n", total.item());
    // | ## 9. The loss becomes a gradient
    // |
    // | `backward` walks the recorded operations from the loss back to every weight. Trust is
    // | good: we also nudge one weight by hand, compute the loss twice more, and divide.
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
    // | The gradient is clipped to norm 1 and AdamW takes its step. Then the teacher follows the
    // | student by a hundredth: it is an exponential moving average, which keeps the pair from
    // | running away together.
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
    // | The student did not see the right answer anywhere. `./hindsight quickstart` does this
    // | for 16 questions times 8 rollouts a step, fifty times over, beside GRPO, which has only
    // | the reward to go by.
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
