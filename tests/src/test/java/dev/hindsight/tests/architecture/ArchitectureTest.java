package dev.hindsight.tests.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.lang.ArchRule;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Guards the arrows between the modules, and the few places where a foreign API may be imported.
 *
 * <p>Maven alone would let an arrow turn around by one line in a POM; these rules make that line
 * fail a test that names both ends.
 */
class ArchitectureTest {
  private static final String ENGINE = "dev.hindsight.engine..";
  private static final Pattern TEST_CLASSES = Pattern.compile(".*(/test-classes/|-tests\\.jar).*");

  private static JavaClasses production;

  @BeforeAll
  static void importProductionClasses() {
    production =
        new ClassFileImporter()
            .withImportOption((Location location) -> !location.matches(TEST_CLASSES))
            .importPackages("dev.hindsight");
  }

  /** An importer that finds nothing would let every rule below hold. */
  @Test
  void rulesSeeTheClassesTheyAreAbout() {
    assertThat(production).hasSizeGreaterThan(10);
    assertThat(production.contain("dev.hindsight.engine.Tensor")).isTrue();
    assertThat(production.contain(ArchitectureTest.class)).isFalse();
  }

  @Test
  void arrowsBetweenModulesGoOneWay() {
    ArchRule rule =
        layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .withOptionalLayers(true)
            .layer("engine")
            .definedBy(ENGINE)
            .layer("autograd")
            .definedBy("dev.hindsight.autograd..")
            .layer("gradcheck")
            .definedBy("dev.hindsight.gradcheck..")
            .layer("transformer")
            .definedBy("dev.hindsight.transformer..")
            .layer("sdpo")
            .definedBy("dev.hindsight.sdpo..")
            .layer("cli")
            .definedBy("dev.hindsight.cli..")
            .layer("tests")
            .definedBy("dev.hindsight.tests..")
            .whereLayer("engine")
            .mayNotAccessAnyLayer()
            .whereLayer("autograd")
            .mayOnlyAccessLayers("engine")
            .whereLayer("gradcheck")
            .mayOnlyAccessLayers("autograd", "engine")
            .whereLayer("transformer")
            .mayOnlyAccessLayers("autograd", "engine")
            .whereLayer("sdpo")
            .mayOnlyAccessLayers("transformer", "autograd", "engine")
            .whereLayer("cli")
            .mayOnlyAccessLayers("sdpo", "transformer", "autograd", "engine")
            .whereLayer("tests")
            .mayNotBeAccessedByAnyLayer();
    rule.check(production);
  }

  @Test
  void packagesAreFreeOfCycles() {
    slices().matching("dev.hindsight.(**)").should().beFreeOfCycles().check(production);
  }

  @Test
  void engineNeedsNothingButTheJdk() {
    classes()
        .that()
        .resideInAPackage(ENGINE)
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            ENGINE,
            "java..",
            "javax.management..", // with the next: the JDK's modules java.management,
            // jdk.management
            "com.sun.management..",
            "jdk.incubator.vector..",
            "org.jspecify..")
        .check(production);
  }

  @Test
  void incubatingVectorApiStaysInOnePackage() {
    confine("jdk.incubator.vector..", "dev.hindsight.engine.vector");
  }

  @Test
  void openClStaysInItsModule() {
    confine("org.jocl..", "dev.hindsight.opencl..");
  }

  @Test
  void tornadoVmStaysInItsModule() {
    confine("uk.ac.manchester.tornado..", "dev.hindsight.tornado..");
  }

  /** Standard output belongs to the command: someone pipes it into a file or a parser. */
  @Test
  void librariesDoNotWriteToStandardOutput() {
    noClasses()
        .that()
        .resideOutsideOfPackages("dev.hindsight.cli..", "dev.hindsight.tests..")
        .should()
        .accessField(System.class, "out")
        .check(production);
  }

  private static void confine(String api, String home) {
    noClasses()
        .that()
        .resideOutsideOfPackage(home)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(api)
        .check(production);
  }
}
