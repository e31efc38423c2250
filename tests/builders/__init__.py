"""Small sources and helpers that the tests of one subject share."""
