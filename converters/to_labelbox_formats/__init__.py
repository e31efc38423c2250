"""The formats that come with the package. Core finds them through entry points alone, as it finds those of a third party."""
