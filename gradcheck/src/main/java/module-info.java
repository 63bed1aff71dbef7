/** jqwik arbitraries and properties that check the gradients of ops, yours included. */
module dev.hindsight.gradcheck {
  requires transitive dev.hindsight.autograd;
  requires transitive net.jqwik.api;
  requires static org.jspecify;

  exports dev.hindsight.gradcheck;

  provides net.jqwik.api.providers.ArbitraryProvider with
      dev.hindsight.gradcheck.GradCheckArbitraries;
}
