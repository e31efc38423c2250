"""The comparison: what an export of a Labelbox project holds, beside what was sent to it.

``export`` reads the rows of an export, ``payload`` the lines of an output, both as ``features``; ``pairing`` finds which
belongs to which on one data row, ``differences`` says in what the two of a pair differ; ``run`` drives them, ``report``
counts and leads each loss back to its source. Nothing is asked of the service, and no picture is fetched.
"""
