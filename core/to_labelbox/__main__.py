"""``python -m to_labelbox``"""

from to_labelbox.cli import main

main()
