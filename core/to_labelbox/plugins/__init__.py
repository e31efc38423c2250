"""What a format is: readers and writers, their options, detection, the registry."""
