#!/usr/bin/env python
"""Django's command line for facsweb."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facsweb.settings")
    if sys.argv[1:2] != ["collectstatic"]:  # what it writes is for everybody; all else is its owner's alone
        os.umask(0o077)
    if sys.argv[1:2] == ["serve"]:  # only starts other processes: quicker without loading Django here too
        from facsweb.processes.serve import main as serve

        sys.exit(serve(sys.argv[2:]))
    if sys.argv[1:2] == ["doctor"]:  # works where Django does not load
        from facsweb.operation.doctor.examination import main as examine

        sys.exit(examine(sys.argv[2:]))
    from django.core.management import execute_from_command_line

    from facsweb.installation import DataFolderError

    try:
        execute_from_command_line(sys.argv)
    except DataFolderError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
