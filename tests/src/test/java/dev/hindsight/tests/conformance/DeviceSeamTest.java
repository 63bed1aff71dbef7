package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.HostStorage;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.transformer.Completion;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import dev.hindsight.transformer.Document;
import dev.hindsight.transformer.Generator;
import dev.hindsight.transformer.Pretrainer;
import dev.hindsight.transformer.SamplingOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Guards the seam: everything above {@link Backend} works on a device whose memory it cannot see,
 * with the bits of the backend that computes for it, and data crosses only where it is asked to.
 */
class DeviceSeamTest {
  private static final DecoderConfig CONFIG =
      DecoderConfig.builder()
          .vocabSize(37)
          .hiddenSize(24)
          .intermediateSize(40)
          .layers(2)
          .heads(4)
          .keyValueHeads(2)
          .headDim(6)
          .maxPositions(64)
          .build();

  private final FakeDevice device = new FakeDevice();

  private static List<Document> documents(long step) {
    Philox random = new Philox(5, step);
    List<Document> documents = new ArrayList<>();
    for (int n = 0; n < 4; n++) {
      documents.add(new Document(tokens(random, 1 + n), tokens(random, 9 - n)));
    }
    return documents;
  }

  private static int[] tokens(Philox random, int length) {
    int[] tokens = new int[length];
    java.util.Arrays.setAll(tokens, i -> random.nextInt(37));
    return tokens;
  }

  private static Decoder trained(Backend backend, int steps) throws IOException {
    Decoder decoder = Decoder.initialise(CONFIG, backend, DType.F32, 11);
    try (Pretrainer pretrainer =
        new Pretrainer(decoder, DeviceSeamTest::documents, Pretrainer.Options.of(steps, 1e-2))) {
      pretrainer.run(null, progress -> {}, () -> false);
    }
    return decoder;
  }

  private static Map<String, float[]> weights(Decoder decoder) {
    Map<String, float[]> weights = new TreeMap<>();
    decoder.weights().forEach((name, w) -> weights.put(name, w.toFloats()));
    return weights;
  }

  /** Forward, backward, clipping and AdamW in a workspace on the device. */
  @Test
  void trainsWithTheBitsOfTheReference() throws IOException {
    Map<String, float[]> here = weights(trained(Backends.get("reference"), 4));
    Map<String, float[]> there = weights(trained(device.backend(), 4));
    assertThat(there.keySet()).isEqualTo(here.keySet());
    here.forEach((name, w) -> assertThat(there.get(name)).as(name).isEqualTo(w));
  }

  /** A step reads its loss and nothing else: a hidden read would stall a real device. */
  @Test
  void aTrainingStepReadsOneNumber() throws IOException {
    trained(device.backend(), 2);
    long two = device.downloads();
    trained(device.backend(), 5);
    long five = device.downloads() - two;
    assertThat(five - two).isEqualTo(3);
  }

  @Test
  void samplesWithTheBitsOfTheReference() {
    assertThat(sampled(device.backend()))
        .usingRecursiveFieldByFieldElementComparator()
        .isEqualTo(sampled(Backends.get("reference")));
  }

  private static List<Completion> sampled(Backend backend) {
    Decoder decoder = Decoder.initialise(CONFIG, backend, DType.F32, 11);
    Philox random = new Philox(3, 0);
    List<int[]> prompts = List.of(tokens(random, 3), tokens(random, 7), tokens(random, 1));
    List<Philox> streams = List.of(random.split(0), random.split(1), random.split(2));
    try (Generator generator = new Generator(decoder)) {
      return generator.generate(prompts, streams, SamplingOptions.sampling(12, 0));
    }
  }

  @Test
  void checkpointsCross(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("checkpoint.safetensors");
    Pretrainer.Options options = Pretrainer.Options.of(3, 1e-2);
    Decoder here = Decoder.initialise(CONFIG, Backends.get("reference"), DType.F32, 11);
    try (Pretrainer first = new Pretrainer(here, DeviceSeamTest::documents, options)) {
      first.run(null, progress -> {}, () -> first.step() == 2);
      first.save(file);
      first.run(null, progress -> {}, () -> false);
    }
    Decoder there = Decoder.initialise(CONFIG, device.backend(), DType.F32, 12);
    try (Pretrainer second = new Pretrainer(there, DeviceSeamTest::documents, options)) {
      second.resume(file);
      second.run(null, progress -> {}, () -> false);
    }
    Map<String, float[]> want = weights(here);
    weights(there).forEach((name, w) -> assertThat(w).as(name).isEqualTo(want.get(name)));
  }

  @Test
  void hostMemoryOfADeviceIsRefused() {
    Tensor x = TensorOps.zeros(device.backend(), DType.F32, Shape.of(3));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HostStorage.segmentOf(x))
        .withMessage(
            "host kernel: F32[3] lives on backend fake-device, whose memory the CPU cannot read; download it first");
  }

  @Test
  void countsTransfers() {
    Tensor x = Tensor.of(device.backend(), Shape.of(2), 1f, 2f);
    assertThat(device.uploads()).isEqualTo(1);
    Tensor y = TensorOps.add(LayerOps.softmax(x), x);
    assertThat(device.downloads()).isZero();
    assertThat(y.to(Backends.get("reference")).toFloats()).hasSize(2);
    assertThat(device.downloads()).isEqualTo(1);
    assertThat(y.to(device.backend())).isSameAs(y);
  }
}
