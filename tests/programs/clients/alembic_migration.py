"""Alembic: several migrate the same database at once, one after the other by an advisory lock."""

import os
import tempfile

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.config import Config
from alembic.script import ScriptDirectory
from crowd import URL, run_threads

_REVISION = '''
from alembic import op
import sqlalchemy as sa
revision, down_revision = {revision!r}, {before!r}
branch_labels = depends_on = None
def upgrade():
    op.create_table({table!r}, sa.Column("id", sa.Integer, primary_key=True))
    op.execute("set lock_timeout = '49s'")
    op.add_column({table!r}, sa.Column("note", sa.Text, server_default="x"))
    op.execute("insert into " + {table!r} + " (note)"
               " values ('by ' || current_setting('lock_timeout'))")
def downgrade():
    op.drop_table({table!r})
'''


def write_scripts(folder):
    os.makedirs(os.path.join(folder, "versions"))
    before = None
    for number in range(1, 6):
        revision = f"r{number}"
        path = os.path.join(folder, "versions", f"{revision}.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(_REVISION.format(revision=revision, before=before, table=f"step_{number}"))
        before = revision


def migrate(connection, folder, revision):
    config = Config()
    config.set_main_option("script_location", folder)
    script = ScriptDirectory.from_config(config)
    done = []

    def steps(current, _):
        found = script._upgrade_revs(revision, current)  # as `alembic upgrade` does
        done.extend(step.revision.revision for step in found)
        return found
    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(connection=connection, transaction_per_migration=True)
        with environment.begin_transaction():
            environment.run_migrations()
    return done


def main():
    with tempfile.TemporaryDirectory() as folder:
        write_scripts(folder)
        total = []

        def work(_, say):
            engine = sa.create_engine(URL)
            with engine.connect() as connection:
                connection.execute(sa.text("select pg_advisory_lock(20231)"))
                try:
                    total.extend(migrate(connection, folder, "head"))
                finally:
                    connection.execute(sa.text("select pg_advisory_unlock(20231)"))
                say(MigrationContext.configure(connection).get_current_revision())
                say(connection.execute(sa.text("select note from step_5")).all())
                Operations(MigrationContext.configure(connection)).execute("select 1")
            engine.dispose()
        run_threads(work)
        print("migrated once each:", total)


if __name__ == "__main__":
    main()
