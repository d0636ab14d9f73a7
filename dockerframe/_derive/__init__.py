"""Pure derivations: expressions in, expressions out; frames in, frames out. No I/O, no clock, nothing global."""
