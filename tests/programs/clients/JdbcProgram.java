import java.sql.*;
import java.util.*;
import java.util.concurrent.*;

/**
 * PostgreSQL's JDBC driver with prepareThreshold=1; all clients at once.
 *
 * <p>java JdbcProgram HOST PORT DATABASE CLIENTS
 */
public class JdbcProgram {
    private final Connection connection;
    private final int number;
    private final List<String> lines = new ArrayList<>();

    private JdbcProgram(Connection connection, int number) {
        this.connection = connection;
        this.number = number;
    }

    private void say(Object line) {
        lines.add("client " + number + ": " + line);
    }

    private String ask(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private void statements() throws SQLException {
        int sum = 0;
        try (PreparedStatement add = connection.prepareStatement("select ? + ?");
                PreparedStatement text = connection.prepareStatement("select ?::text")) {
            for (int i = 0; i < 40; i++) {
                add.setInt(1, number);
                add.setInt(2, i);
                try (ResultSet rows = add.executeQuery()) {
                    rows.next();
                    sum += rows.getInt(1);
                }
                text.setString(1, "ä" + i);
                text.executeQuery().close();
            }
        }
        say(sum);
        // More than the driver's own cache of statements holds: it closes some of them.
        for (int i = 0; i < 300; i++) {
            try (PreparedStatement one = connection.prepareStatement("select " + i)) {
                one.executeQuery().close();
            }
        }
    }

    private void transactions() throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement insert =
                connection.prepareStatement("insert into noted values (?)")) {
            for (int i = 0; i < 50; i++) {
                insert.setInt(1, number * 1000 + i);
                insert.addBatch();
            }
            say(insert.executeBatch().length);
        }
        Savepoint savepoint = connection.setSavepoint();
        try {
            ask("select 1 / 0");
        } catch (SQLException error) {
            say(error.getSQLState() + " " + error.getMessage());
            connection.rollback(savepoint);
        }
        connection.commit();
        try (PreparedStatement read = connection.prepareStatement(
                "select a from noted where a / 1000 = ? order by a")) {
            read.setInt(1, number);
            read.setFetchSize(7); // a named portal
            long total = 0;
            try (ResultSet rows = read.executeQuery()) {
                while (rows.next()) total += rows.getInt(1);
            }
            say(total);
        }
        connection.rollback();
        connection.setAutoCommit(true);
    }

    private void settings() throws SQLException {
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        connection.setReadOnly(true);
        connection.setSchema("pg_catalog");
        for (int i = 0; i < 5; i++) {
            say(ask("show transaction_isolation") + " " + connection.getSchema() + " "
                    + ask("show TimeZone") + " " + ask("show application_name"));
        }
        connection.setReadOnly(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temp table basket as select generate_series(1, 9) as a");
            say(ask("select sum(a) from basket"));
            statement.execute("drop table basket");
        }
    }

    private static List<String> work(String url, int number) {
        try (Connection connection = DriverManager.getConnection(
                url + "&ApplicationName=jdbc" + number)) {
            JdbcProgram program = new JdbcProgram(connection, number);
            try {
                program.statements();
                program.transactions();
                program.settings();
            } catch (SQLException error) {
                program.say(error);
            }
            return program.lines;
        } catch (SQLException error) {
            return List.of("client " + number + ": " + error);
        }
    }

    public static void main(String[] arguments) throws Exception {
        String url = "jdbc:postgresql://" + arguments[0] + ":" + arguments[1] + "/" + arguments[2]
                + "?user=app&prepareThreshold=1&connectTimeout=60";
        int clients = Integer.parseInt(arguments[3]);
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            statement.execute("create table noted (a int)");
        }
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        List<Future<List<String>>> all = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            final int number = i;
            all.add(threads.submit(() -> work(url, number)));
        }
        for (Future<List<String>> each : all) each.get().forEach(System.out::println);
        threads.shutdown();
    }
}
