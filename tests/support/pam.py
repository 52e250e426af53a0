"""A private service of PAM, behind which a script judges passwords."""

import contextlib
import os
import shutil
import tempfile

_SCRIPT = """#!/bin/sh
# From pam_exec: PAM_USER, PAM_RHOST, and the password on standard input.
password=$(tr -d '\\000')
echo "$PAM_USER from $PAM_RHOST" >> {folder}/asked
if [ "$PAM_USER" = pam_slow ]; then
    tries=0
    while [ ! -e {folder}/go ] && [ $tries -lt 600 ]; do sleep 0.05; tries=$((tries + 1)); done
fi
[ "$password" = "right password" ] && [ "$PAM_USER" != pam_unknown ]
"""


class PamService(contextlib.AbstractContextManager):
    """The service `name` in `folder`. pam_slow is answered once `let_go` was called."""

    def __init__(self, name, folder=None):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix="pgweir-pam-", dir="/tmp")
        os.chmod(self.folder, 0o777)
        self.path = os.path.join(folder or self.folder, name)
        script = os.path.join(self.folder, "script")
        with open(script, "w", encoding="utf-8") as file:
            file.write(_SCRIPT.format(folder=self.folder))
        os.chmod(script, 0o755)
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(f"auth required pam_exec.so quiet expose_authtok {script}\n"
                       "account required pam_permit.so\n")

    def asked(self):
        """Who was asked about, and from where; in the order of the questions."""
        try:
            with open(os.path.join(self.folder, "asked"), encoding="utf-8") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def let_go(self):
        with open(os.path.join(self.folder, "go"), "w", encoding="utf-8"):
            pass

    def __exit__(self, *_):
        self.let_go()
        os.remove(self.path)
        shutil.rmtree(self.folder, ignore_errors=True)
