"""The callback plugin that loads what tasks use before the first of them runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
# In a process of its own: loaders and the collector of garbage belong to the whole process.
PROGRAM = """
import gc, sys
from ansible.cli import CLI  # as ansible-playbook begins
from ansible.plugins.loader import callback_loader, init_plugin_loader
init_plugin_loader()
plugin = callback_loader.get("greengrass_preload")
before = set(sys.modules)
plugin.v2_playbook_on_start(None)
loaded = " ".join(set(sys.modules) - before)
for name in ("plugins.filter.core", "plugins.test.core", "plugins.action.fail",
             "plugins.action.greengrass_state", "plugins.connection.ssh", "plugins.become.sudo",
             "plugins.lookup.template", "_module_legacy_m2c", "_module_legacy_c2m"):
    print(name, name in loaded)
print("frozen", gc.get_freeze_count() > 10000)
"""


def test_what_tasks_use_is_loaded_before_workers_are_forked() -> None:
    """Plugins of ansible-core and our own, by the settings of the project."""
    argv = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert len(told) == 10
    assert set(told.values()) == {"True"}, told


def test_it_is_on_by_default() -> None:
    """ansible.cfg names the plugin and its folder."""
    settings = (PROJECT / "ansible.cfg").read_text().splitlines()
    assert any(line.startswith("callbacks_enabled = greengrass_preload") for line in settings)
    assert "callback_plugins = plugins/callback" in settings
