import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Arrays;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/**
 * What an application does through PostgreSQL's JDBC driver.
 *
 * <p>{@code java Jdbc login URL} prints the user that the server sees; {@code java Jdbc work URL} goes
 * through the driver's ways of speaking the protocol and prints {@code ok}; {@code java Jdbc console
 * URL} does what can be done at pgweir's console. An SQLException is printed
 * as {@code SQLSTATE message}, exit code 1; anything else that is wrong ends with a stack trace, 2.
 */
public final class Jdbc {
    private Jdbc() {}

    public static void main(String[] arguments) {
        try (Connection connection = DriverManager.getConnection(arguments[1])) {
            if (arguments[0].equals("login")) {
                System.out.println(text(connection, "select current_user"));
            } else if (arguments[0].equals("console")) {
                console(connection);
                System.out.println("ok");
            } else {
                simpleAndPrepared(connection);
                errorsAndSavepoints(connection);
                batches(connection);
                cursors(connection);
                copies(connection);
                timeouts(connection);
                System.out.println("ok");
            }
        } catch (SQLException error) {
            System.out.println(error.getSQLState() + " " + error.getMessage());
            System.exit(1);
        } catch (Exception | AssertionError error) {
            error.printStackTrace();
            System.exit(2);
        }
    }

    private static void check(boolean condition, String what) {
        if (!condition) throw new AssertionError(what);
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            check(rows.next(), sql + " has no row");
            return rows.getString(1);
        }
    }

    /** More often than prepareThreshold, with numbers of each type, in a transaction and without. */
    private static void console(Connection connection) throws SQLException {
        check(text(connection, "SHOW VERSION").startsWith("pgweir "), "its name");
        for (boolean automatic : new boolean[] {true, false}) {
            connection.setAutoCommit(automatic);
            try (PreparedStatement pools = connection.prepareStatement("SHOW POOLS");
                    PreparedStatement stats = connection.prepareStatement("SHOW STATS")) {
                for (int i = 0; i < 8; i++) {
                    try (ResultSet rows = pools.executeQuery()) {
                        check(rows.next() && rows.getString("database").equals("app"), "the pool");
                        check(rows.getInt("cl_active") == 1, "its clients");
                        check(rows.next() && rows.getString("database").equals("pgbouncer"),
                                "the console's own");
                        check(!rows.next(), "no other");
                    }
                    try (ResultSet rows = stats.executeQuery()) {
                        check(rows.next() && rows.getLong("total_query_count") == 1, "its queries");
                    }
                }
            }
            if (!automatic) connection.commit();
        }
        connection.setAutoCommit(true);
        try (Statement statement = connection.createStatement()) {
            check(!statement.execute("RECONNECT app"), "a command has no rows");
            statement.execute("NONSENSE");
            check(false, "nonsense is a command");
        } catch (SQLException error) {
            check(error.getSQLState().equals("42601"), error.getSQLState());
        }
        check(connection.isValid(5), "it is valid");
    }

    /** More often than prepareThreshold, so that the statement gets a name and binary results. */
    private static void simpleAndPrepared(Connection connection) throws SQLException {
        check(text(connection, "select 'ä' || 1").equals("ä1"), "text");
        try (PreparedStatement statement =
                connection.prepareStatement("select ?::int + 1, ?::text, ?::bytea")) {
            for (int i = 0; i < 12; i++) {
                statement.setInt(1, i);
                statement.setString(2, i % 2 == 0 ? null : "x" + i);
                statement.setBytes(3, new byte[] {0, (byte) i, -1});
                try (ResultSet rows = statement.executeQuery()) {
                    check(rows.next() && rows.getInt(1) == i + 1, "int");
                    check(i % 2 == 0 ? rows.getString(2) == null
                            : rows.getString(2).equals("x" + i), "null and text");
                    check(Arrays.equals(rows.getBytes(3), new byte[] {0, (byte) i, -1}), "bytea");
                }
            }
        }
        try (Statement statement = connection.createStatement()) {
            check(statement.execute("select 1; select 2"), "the first of two");
            check(statement.getMoreResults(), "the second of two");
        }
    }

    private static void errorsAndSavepoints(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        text(connection, "select 1");
        Savepoint savepoint = connection.setSavepoint("here");
        try {
            text(connection, "select 1/0");
            throw new AssertionError("1/0");
        } catch (SQLException error) {
            check(error.getSQLState().equals("22012"), error.getSQLState());
        }
        connection.rollback(savepoint);
        check(text(connection, "select 'goes on'").equals("goes on"), "after the savepoint");
        connection.rollback();
        connection.setAutoCommit(true);
    }

    private static void batches(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temp table batch (a int primary key, b text) on commit drop");
        }
        try (PreparedStatement statement = connection.prepareStatement(
                "insert into batch values (?, ?)", Statement.RETURN_GENERATED_KEYS)) {
            for (int i = 0; i < 1000; i++) {
                statement.setInt(1, i);
                statement.setString(2, "row " + i);
                statement.addBatch();
            }
            check(statement.executeBatch().length == 1000, "the batch's counts");
            ResultSet keys = statement.getGeneratedKeys();
            check(keys.next() && keys.getInt(1) == 0, "generated keys");
            statement.setInt(1, 5000);
            statement.setString(2, "new");
            statement.addBatch();
            statement.setInt(1, 1);
            statement.setString(2, "is there already");
            statement.addBatch();
            try {
                statement.executeBatch();
                throw new AssertionError("a duplicate key");
            } catch (BatchUpdateException error) {
                check(error.getSQLState().equals("23505"), error.getSQLState());
            }
        }
        connection.rollback();
        connection.setAutoCommit(true);
    }

    /** Portals with a row limit: Execute, then Execute again for the next rows. */
    private static void cursors(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement statement =
                connection.prepareStatement("select i from generate_series(1, 1050) i")) {
            statement.setFetchSize(100);
            try (ResultSet rows = statement.executeQuery()) {
                long sum = 0;
                while (rows.next()) sum += rows.getInt(1);
                check(sum == 1050L * 1051 / 2, "sum " + sum);
            }
        }
        connection.commit();
        connection.setAutoCommit(true);
    }

    private static void copies(Connection connection) throws Exception {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temp table copied (a int, b text) on commit drop");
        }
        CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20_000; i++) lines.append(i).append("\tline ").append(i).append('\n');
        check(copy.copyIn("copy copied from stdin", new StringReader(lines.toString())) == 20_000,
                "copied in");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        copy.copyOut("copy (select * from copied order by a) to stdout", out);
        check(out.toString(StandardCharsets.UTF_8).contentEquals(lines), "copied out");
        connection.commit();
        connection.setAutoCommit(true);
    }

    /** The driver cancels from a connection of its own, as libpq does. */
    private static void timeouts(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            statement.execute("select pg_sleep(60)");
            throw new AssertionError("not cancelled");
        } catch (SQLException error) {
            check(error.getSQLState().equals("57014"), error.getSQLState());
        }
        check(text(connection, "select 'well'").equals("well"), "after the cancel");
    }
}
