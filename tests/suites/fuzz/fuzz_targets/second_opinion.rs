#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::second_opinion::run(data));
