// The query that finds what NamedEffects is made from.
#include <algorithm>
#include <array>

#include "protocol/sql/named_effects.hpp"

namespace pgweir::protocol {

namespace {

// The parts give (name, text). User objects have OIDs from 16384 on (FirstNormalObjectId), in
// whatever schema. What a part's text cannot show, because the catalogue writes it as a cast or an
// operator, pg_depend knows: it holds every use of a function that is not PostgreSQL's own.

// A client's own statement_timeout is not for this. To show a view PostgreSQL locks its tables: who
// has locked one for long must not hold up those who do not use it.
constexpr std::string_view patience = "SET LOCAL statement_timeout=0;SET LOCAL lock_timeout=100;";

// A function's source, defaults of arguments and types (domains may have checks). Another
// language's sources outside of the database are unknown. What PL/Python, PL/Tcl and PL/Perl keep
// for later calls has these names.
constexpr std::string_view functions = R"(
SELECT p.proname::pg_catalog.text AS name,
       CASE WHEN pg_catalog.length(p.prosrc) > 262144 THEN NULL
            WHEN l.lanname = ANY (ARRAY['java', 'javau']) THEN NULL
            ELSE pg_catalog.concat_ws('
;', p.prosrc, @SQLBODY@ pg_catalog.pg_get_function_arguments(p.oid),
                 pg_catalog.pg_get_function_result(p.oid),
                 CASE WHEN l.lanname ~ '^pl(python|tcl|perl)'
                       AND p.prosrc ~
                           '(^|[^A-Za-z0-9_])(GD|SD|global|our|main)([^A-Za-z0-9_]|$)'
                      THEN '_shared' END)
       END AS text
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
 WHERE p.oid >= 16384 AND p.prokind <> 'a' AND l.lanname <> ALL (ARRAY['c', 'internal'])
UNION ALL
SELECT p.proname::pg_catalog.text,
       pg_catalog.concat_ws(' ', a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn,
                            a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
  FROM pg_catalog.pg_aggregate AS a JOIN pg_catalog.pg_proc AS p ON p.oid = a.aggfnoid
 WHERE p.oid >= 16384)";

// Functions in C, also PostgreSQL's own, under another name than the one that they are known by: an
// alias of set_config has its effects.
constexpr std::string_view aliases = R"(
UNION ALL
SELECT p.proname::pg_catalog.text, pg_catalog.concat_ws(' ', p.prosrc, b.proname)
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
  LEFT JOIN pg_catalog.pg_proc AS b
    ON b.prosrc = p.prosrc AND 16384 > b.oid AND b.proname <> p.proname
 WHERE p.oid >= 16384 AND l.lanname = ANY (ARRAY['c', 'internal'])
   AND p.prosrc <> p.proname::pg_catalog.text)";

// Views, rules and triggers. The definitions' first word, CREATE, is no effect of their use, nor is
// EXECUTE FUNCTION. Triggers of PostgreSQL's own (foreign keys) have functions of its own.
constexpr std::string_view rewritten = R"(
UNION ALL
SELECT c.relname::pg_catalog.text, pg_catalog.pg_get_viewdef(c.oid)
  FROM pg_catalog.pg_class AS c
 WHERE c.oid >= 16384 AND c.relkind = ANY (ARRAY['v', 'm']::pg_catalog."char"[])
UNION ALL
SELECT c.relname::pg_catalog.text, pg_catalog.substr(pg_catalog.pg_get_ruledef(r.oid), 7)
  FROM pg_catalog.pg_rewrite AS r JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
 WHERE r.oid >= 16384 AND r.rulename <> '_RETURN'
UNION ALL
SELECT c.relname::pg_catalog.text,
       pg_catalog.concat_ws(' ', p.proname, CASE WHEN t.tgqual IS NOT NULL THEN
           pg_catalog.replace(pg_catalog.substr(pg_catalog.pg_get_triggerdef(t.oid), 7),
                              ' EXECUTE ', ' ') END)
  FROM pg_catalog.pg_trigger AS t
  JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
 WHERE p.oid >= 16384)";

// Expressions that statements evaluate unseen. A default that is only a nextval is left out: INSERT
// says as much.
constexpr std::string_view expressions = R"(
UNION ALL
SELECT c.relname::pg_catalog.text, e.text
  FROM (SELECT d.adrelid, pg_catalog.pg_get_expr(d.adbin, d.adrelid)
          FROM pg_catalog.pg_attrdef AS d
        UNION ALL
        SELECT k.conrelid, pg_catalog.pg_get_constraintdef(k.oid)
          FROM pg_catalog.pg_constraint AS k
         WHERE k.contype = 'c' AND k.conrelid <> 0
        UNION ALL
        SELECT i.indrelid, pg_catalog.concat_ws(' ', pg_catalog.pg_get_expr(i.indexprs, i.indrelid),
                                                pg_catalog.pg_get_expr(i.indpred, i.indrelid))
          FROM pg_catalog.pg_index AS i
        UNION ALL
        SELECT y.polrelid, pg_catalog.concat_ws(' ', pg_catalog.pg_get_expr(y.polqual, y.polrelid),
                                                pg_catalog.pg_get_expr(y.polwithcheck, y.polrelid))
          FROM pg_catalog.pg_policy AS y
        UNION ALL
        SELECT q.partrelid, pg_catalog.pg_get_expr(q.partexprs, q.partrelid)
          FROM pg_catalog.pg_partitioned_table AS q) AS e (relid, text)
  JOIN pg_catalog.pg_class AS c ON c.oid = e.relid
 WHERE c.oid >= 16384 AND pg_catalog.strpos(e.text, '(') > 0
   AND e.text !~ '^nextval[(]''[^'']*''::regclass[)]$'
UNION ALL
SELECT t.typname::pg_catalog.text,
       pg_catalog.concat_ws(' ', b.typname, t.typdefault, pg_catalog.pg_get_constraintdef(k.oid))
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
  LEFT JOIN pg_catalog.pg_constraint AS k ON k.contypid = t.oid
 WHERE t.oid >= 16384 AND t.typtype = 'd'
UNION ALL
SELECT t.typname::pg_catalog.text,
       pg_catalog.concat_ws(' ', s.typname, r.rngcanonical, r.rngsubdiff)
  FROM pg_catalog.pg_range AS r
  JOIN pg_catalog.pg_type AS t ON t.oid = r.rngtypid
  JOIN pg_catalog.pg_type AS s ON s.oid = r.rngsubtype
 WHERE t.oid >= 16384)";

// Who uses whom: columns of domains, composite types and ranges, or arrays of them; partitions and
// children; tables to which a foreign key passes an UPDATE, a DELETE or a TRUNCATE … CASCADE on.
constexpr std::string_view relations = R"(
UNION ALL
SELECT c.relname::pg_catalog.text, COALESCE(e.typname, t.typname)::pg_catalog.text
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem
 WHERE a.attnum > 0 AND c.oid >= 16384 AND t.oid >= 16384
   AND COALESCE(e.typtype, t.typtype) = ANY (ARRAY['d', 'c', 'r']::pg_catalog."char"[])
UNION ALL
SELECT p.relname::pg_catalog.text, c.relname::pg_catalog.text
  FROM pg_catalog.pg_inherits AS i
  JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
  JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
 WHERE c.relkind <> ALL (ARRAY['i', 'I']::pg_catalog."char"[])
UNION ALL
SELECT p.relname::pg_catalog.text,
       pg_catalog.concat_ws(' ', c.relname, CASE WHEN k.confdeltype = 'd' THEN 'nextval'
                                                 WHEN k.confupdtype = 'd' THEN 'nextval' END)
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
  JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
 WHERE k.contype = 'f' AND (k.confdeltype = ANY (ARRAY['c', 'n', 'd']::pg_catalog."char"[])
                            OR k.confupdtype = ANY (ARRAY['c', 'n', 'd']::pg_catalog."char"[])
                            OR EXISTS (SELECT 1
                                         FROM pg_catalog.pg_trigger AS t
                                        WHERE t.tgrelid = k.conrelid
                                          AND pg_catalog.pg_get_triggerdef(t.oid) ~ ' TRUNCATE ')))";

// What pg_depend knows: operators and casts in all of the above.
constexpr std::string_view dependencies = R"(
UNION ALL
SELECT u.name::pg_catalog.text, p.proname::pg_catalog.text
  FROM (SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, c.relname
          FROM pg_catalog.pg_rewrite AS r JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
        UNION ALL
        SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, c.relname
          FROM pg_catalog.pg_attrdef AS d JOIN pg_catalog.pg_class AS c ON c.oid = d.adrelid
        UNION ALL
        SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid,
               COALESCE(c.relname, t.typname)
          FROM pg_catalog.pg_constraint AS k
          LEFT JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
          LEFT JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid
        UNION ALL
        SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, y.oid, c.relname
          FROM pg_catalog.pg_policy AS y JOIN pg_catalog.pg_class AS c ON c.oid = y.polrelid
        UNION ALL
        SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, g.oid, c.relname
          FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid
        UNION ALL
        SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid, c.relname
          FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
        UNION ALL
        SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, c.relname
          FROM pg_catalog.pg_class AS c WHERE c.relkind = 'p'
        UNION ALL
        SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, t.typname
          FROM pg_catalog.pg_type AS t WHERE t.typtype = 'd'
        UNION ALL
        SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, f.oid, f.proname
          FROM pg_catalog.pg_proc AS f) AS u (classid, objid, name)
  JOIN pg_catalog.pg_depend AS d ON d.classid = u.classid AND d.objid = u.objid
  LEFT JOIN pg_catalog.pg_operator AS o
    ON d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid = d.refobjid
  JOIN pg_catalog.pg_proc AS p
    ON p.oid = CASE WHEN d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                    THEN d.refobjid ELSE o.oprcode::pg_catalog.oid END
 WHERE u.objid >= 16384 AND p.oid >= 16384)";

// What any statement may run without its name: operators, casts, the support functions of indexes.
// Event triggers run with statements that begin with these words (and with SELECT INTO).
constexpr std::string_view unseen = R"(
UNION ALL
SELECT '', p.proname::pg_catalog.text
  FROM (SELECT o.oprcode::pg_catalog.oid FROM pg_catalog.pg_operator AS o
        UNION ALL
        SELECT k.castfunc FROM pg_catalog.pg_cast AS k
        UNION ALL
        SELECT s.amproc::pg_catalog.oid FROM pg_catalog.pg_amproc AS s) AS f (oid)
  JOIN pg_catalog.pg_proc AS p ON p.oid = f.oid
 WHERE p.oid >= 16384
UNION ALL
SELECT w.word, p.proname::pg_catalog.text
  FROM pg_catalog.pg_event_trigger AS t
  JOIN pg_catalog.pg_proc AS p ON p.oid = t.evtfoid
 CROSS JOIN pg_catalog.unnest(ARRAY['create', 'alter', 'drop', 'grant', 'revoke', 'comment', 'into',
                                    'label', 'import', 'refresh', 'reindex', 'reassign'])
       AS w (word)
 WHERE t.evtevent <> 'login')";

// Rows without a name: what holds of the database as a whole. Functions whose language keeps the
// plans of their statements in the backend; functions called IMMUTABLE that may read a setting or
// the role all the same, so that the planner folds what they gave once; functions in SQL with
// rights of their own, which the planner asks for when it puts their text in the place of a call.
constexpr std::string_view facts = R"(
UNION ALL
SELECT NULL, 'keeps_plans'
 WHERE EXISTS (SELECT 1
                 FROM pg_catalog.pg_proc AS p
                 JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
                WHERE l.lanname <> ALL (ARRAY['c', 'internal', 'sql']))
UNION ALL
SELECT NULL, 'folds_settings'
  FROM (SELECT pg_catalog.lower(pg_catalog.concat_ws(' ', p.prosrc, @SQLBODY@ '')) AS source
          FROM pg_catalog.pg_proc AS p
          JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
         WHERE p.oid >= 16384 AND p.provolatile = 'i'
           AND l.lanname <> ALL (ARRAY['c', 'internal'])) AS i
 WHERE i.source ~ 'setting|user|role|show'
    OR EXISTS (SELECT 1
                 FROM pg_catalog.pg_proc AS q
                WHERE q.oid >= 16384 AND q.provolatile <> 'i'
                  AND pg_catalog.strpos(i.source,
                                        pg_catalog.lower(q.proname::pg_catalog.text)) > 0)
UNION ALL
SELECT NULL, 'asks_for_rights'
 WHERE EXISTS (SELECT 1
                 FROM pg_catalog.pg_proc AS p
                 JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
                WHERE p.oid >= 16384 AND l.lanname = 'sql' AND p.proacl IS NOT NULL))";

// Writes each operator so that search_path has no say in which one is meant.
std::string with_qualified_operators(std::string_view query) {
    constexpr std::array<std::string_view, 6> operators{"=", "<>", ">=", ">", "~", "!~"};
    std::string qualified;
    while (!query.empty()) {
        const std::string_view word = query.substr(0, query.find(' '));
        if (std::ranges::find(operators, word) != operators.end()) {
            qualified.append("OPERATOR(pg_catalog.").append(word).append(")");
        } else {
            qualified.append(word);
        }
        query.remove_prefix(word.size());
        if (query.empty()) break;
        qualified.push_back(' ');
        query.remove_prefix(1);
    }
    return qualified;
}

}  // namespace

std::string catalogue_query(int server_version_num) {
    constexpr std::string_view placeholder = "@SQLBODY@";
    constexpr int first_with_sql_bodies = 140000;
    std::string query;
    for (const std::string_view part : {patience, functions, aliases, rewritten, expressions,
                                        relations, dependencies, unseen, facts}) {
        query.append(part);
    }
    const std::string_view bodies = server_version_num >= first_with_sql_bodies
                                        ? "pg_catalog.pg_get_function_sqlbody(p.oid),"
                                        : "";
    for (std::size_t at = 0; (at = query.find(placeholder, at)) != std::string::npos;)
        query.replace(at, placeholder.size(), bodies);
    return with_qualified_operators(query);
}

}  // namespace pgweir::protocol
