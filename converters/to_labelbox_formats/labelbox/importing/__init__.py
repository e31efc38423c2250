"""The import: an output folder into Labelbox, through the official SDK, in steps that can be interrupted anywhere.

``plan`` (which line of OUT belongs where) → ``survey`` (what is there already, and the plan in
words) → ``rows`` with ``media`` and ``metadata`` → ``objects`` with ``ontology`` → ``batches`` → ``jobs`` with
``statuses`` → ``report``; ``run`` drives them, ``journal`` remembers, ``client`` alone knows the SDK, ``connection`` the key; ``status`` only looks.
"""
