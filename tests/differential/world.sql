-- What the programs find in the database: things that change a session in every hidden way.

create role reader;
create role writer;
grant reader, writer to app;

-- Whose sessions begin in a role.
create role member login;
grant reader, writer to member;
alter role member in database differential set role = 'writer';

-- Custom settings that every session knows.
alter database differential set app.x = '';
alter database differential set app.y = 'y';

-- Without sequential scans every plan looks dear enough to be compiled, which takes a second.
alter database differential set jit = off;

create schema first;
create schema second;
create schema scratch;
create table first.place (name text);
create table second.place (name text);
create table public.place (name text);
insert into first.place values ('first');
insert into second.place values ('second');
insert into public.place values ('public');
create sequence counter;
create table numbers (n int primary key, square int);
insert into numbers select n, n * n from generate_series(1, 20) n;

create function by_sql(name text, value text) returns text language sql
    as $$ select set_config(name, value, false) $$;
create function by_perform(name text, value text) returns void language plpgsql
    as $$ begin perform set_config(name, value, false); end $$;
create function by_execute(name text, value text) returns void language plpgsql
    as $$ begin execute format('set %s = %L', name, value); end $$;
create function by_nesting(name text, value text) returns text language plpgsql
    as $$ begin
        for i in 1..2 loop perform by_execute(name, value); end loop;
        return current_setting(name);
    end $$;
create function by_local(name text, value text) returns text language plpgsql
    as $$ begin perform set_config(name, value, true); return current_setting(name); end $$;
create function by_clause(value text) returns text language plpgsql set work_mem = '9MB'
    as $$ begin
        perform set_config('enable_sort', value, false);
        return current_setting('work_mem');
    end $$;
create function by_mistake(name text, value text) returns text language plpgsql
    as $$ begin
        begin
            perform set_config(name, value, false);
            raise exception 'taken back';
        exception when raise_exception then null;
        end;
        return current_setting(name);
    end $$;
create function by_failure(name text, value text) returns text language plpgsql
    as $$ begin perform set_config(name, value, false); raise exception 'too late'; end $$;
create function by_privilege(value text) returns text language plpgsql security definer
    as $$ begin return set_config('session_replication_role', value, false); end $$;
create function locks(key bigint) returns void language plpgsql
    as $$ begin perform pg_advisory_lock(key); end $$;
create function makes_temporary(name text) returns void language plpgsql
    as $$ begin execute format('create temporary table if not exists %I (a int)', name); end $$;
create function listens(channel text) returns void language plpgsql
    as $$ begin execute format('listen %I', channel); end $$;
create function prepares(name text) returns void language plpgsql
    as $$ begin execute format('prepare %I as select %L::text', name, name); end $$;
create function holds(name text) returns void language plpgsql
    as $$ begin
        execute format('declare %I cursor with hold for select n from numbers order by n', name);
    end $$;
create procedure in_parts(name text, kept text, lost text) language plpgsql
    as $$ begin
        perform set_config(name, kept, false);
        commit;
        perform set_config(name, lost, false);
        rollback;
    end $$;

create table wanted (name text, value text);
insert into wanted values ('work_mem', '18MB'), ('app.x', 'from a table'), ('app.y', 'as well');

create table noted (name text, value text);
create function note_setting() returns trigger language plpgsql
    as $$ begin perform set_config(new.name, new.value, false); return new; end $$;
create trigger note_setting before insert on noted for each row execute function note_setting();
create view setting_view as select set_config('app.y', 'by view', false) as value;
create table defaulted (a int, b text default by_sql('app.x', 'by default'));

-- Where a statement runs a function without naming it.
create function is_fine(value text) returns boolean language plpgsql
    as $$ begin perform set_config('app.x', 'by domain', false); return true; end $$;
create domain checked as text check (is_fine(value));
create function sets_and_compares(a int, b int) returns boolean language plpgsql
    as $$ begin perform set_config('app.y', 'by operator', false); return a = b; end $$;
create operator === (leftarg = int, rightarg = int, function = sets_and_compares);
create table ruled (a int);
create rule sets as on insert to ruled do also select set_config('app.x', 'by rule', false);
create function adds_and_sets(a int, b int) returns int language plpgsql
    as $$ begin perform set_config('app.y', 'by aggregate', false); return a + b; end $$;
create aggregate total(int) (sfunc = adds_and_sets, stype = int, initcond = '0');
create view indirect as select value from setting_view;

-- Gives the next play the same world. Privileged settings are for `app` only through by_privilege.
create function renew_world() returns void language plpgsql
    as $$ declare each regprocedure; relation regclass; begin
        delete from noted;
        delete from defaulted;
        delete from ruled;
        delete from place;
        insert into place values ('public');
        perform setval('counter', 1, false);
        for each in select oid from pg_proc where pronamespace = 'scratch'::regnamespace loop
            execute format('drop function %s', each);
        end loop;
        for relation in select oid from pg_class
            where relnamespace = 'scratch'::regnamespace and relkind = 'r' loop
            execute format('drop table %s', relation);
        end loop;
    end $$;

grant usage, create on schema public, first, second, scratch to public;
grant all on all tables in schema public, first, second to public;
grant all on all sequences in schema public to public;
