"""SQLAlchemy: set-up by events, isolation levels, streams, savepoints, temporary tables."""

import sqlalchemy as sa
from crowd import URL, run_threads
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()


class Account(Base):
    __tablename__ = "account"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String, unique=True)
    entries = relationship("Entry", back_populates="account")


class Entry(Base):
    __tablename__ = "entry"
    id = sa.Column(sa.Integer, primary_key=True)
    account_id = sa.Column(sa.ForeignKey("account.id"))
    amount = sa.Column(sa.Numeric(10, 2))
    account = relationship("Account", back_populates="entries")


def engine_of(number):
    engine = sa.create_engine(URL.replace("postgresql:", "postgresql+psycopg2:"), pool_size=2,
                              pool_pre_ping=True, connect_args={"application_name": f"n{number}"})

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection, _):
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION search_path TO tenant_{number}, public")
            cursor.execute("SET SESSION lock_timeout = '50s'")
        connection.commit()
    return engine


def work(number, say):
    engine = engine_of(number)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"create schema tenant_{number}"))
    Base.metadata.create_all(engine)
    say(sorted(sa.inspect(engine).get_table_names(schema=f"tenant_{number}")))
    with Session(engine) as session:
        account = Account(name="savings", entries=[Entry(amount=i / 4) for i in range(100)])
        session.add(account)
        session.commit()
        try:
            with session.begin_nested():
                session.add(Account(name="savings"))
        except sa.exc.IntegrityError:
            say("there is one already")
        session.commit()
        say(session.query(sa.func.sum(Entry.amount)).join(Account).scalar())
    with engine.connect().execution_options(stream_results=True, max_row_buffer=9) as connection:
        say(sum(row.amount for row in connection.execute(sa.select(Entry.amount))))
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        say(connection.execute(sa.text("show transaction_isolation")).scalar())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("create temporary table basket (item text)"))
        connection.execute(sa.text("insert into basket values (:item)"),
                           [{"item": f"{number}-{i}"} for i in range(5)])
        say(connection.execute(sa.text("select string_agg(item, ' ') from basket")).scalar())
        connection.execute(sa.text("drop table basket"))
    for _ in range(5):
        with engine.connect() as connection:
            say(connection.execute(sa.text(
                "select current_setting('search_path'), current_setting('lock_timeout'),"
                " current_setting('application_name'), (select count(*) from entry)")).one())
    engine.dispose()


if __name__ == "__main__":
    run_threads(work)
