import fc from 'fast-check';

// One seed, so that a run says something about the change at hand; FAST_CHECK_SEED looks elsewhere.
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 20_260_615) });
