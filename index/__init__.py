"""A snapshot answers queries: encoder, vectors, words, fusion, search, and the format on disk."""
