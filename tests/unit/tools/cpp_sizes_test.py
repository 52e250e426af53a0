"""What tools/lint finds too large."""

import os
import sys
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from cpp_sizes import Sizes  # noqa: E402


def only_class(text):
    (found,) = Sizes(text).classes
    return found.name, found.methods, found.data


def functions(text):
    return [(found.name, found.line, found.lines) for found in Sizes(text).functions]


class Classes(unittest.TestCase):
    def test_each_declaration_counts_once(self):
        self.assertEqual(only_class("""
            class Server final : public Home {
              public:
                explicit Server(int& part) : part_(part), name_{"x"} { begin(); }
                ~Server();
                [[nodiscard]] bool is_idle() const { return state_ == State::idle; }
                template <class F, class G = std::less<>>
                void for_each(F f) const;
                bool operator==(const Server&) const;
                void end(int how = 0) noexcept;

              private:
                int& part_;
                std::string name_;
                State state_ = State::idle;
                DeadlineOf<Server, &Server::expired> deadline_{*this};
            };"""), ("Server", 6, 4))

    def test_what_is_no_member_of_an_object_does_not_count(self):
        self.assertEqual(only_class("""
            struct Value {
                Value() = default;
                Value(const Value&) = delete;
                using Names = std::vector<std::string>;
                friend bool operator==(const Value&, const Value&) = default;
                friend class Other;
                enum class Kind : std::uint8_t { one, two };
                static constexpr unsigned most = 3;
                static_assert(most > 0);
            };"""), ("Value", 0, 0))

    def test_a_function_type_makes_no_method(self):
        self.assertEqual(only_class("""
            struct Host {
                std::function<void(int)> told;
                boost::unordered_flat_map<std::string, std::function<bool()>, Hash> asked{};
            };"""), ("Host", 0, 2))

    def test_members_of_a_nested_class_are_its_own(self):
        sizes = Sizes("""
            class Outer {
                struct Inner {
                    int a = 0;
                    int b = 0;
                    void f();
                };
                Inner inner_;
            };""")
        self.assertEqual([(c.name, c.line, c.methods, c.data) for c in sizes.classes],
                         [("Outer", 2, 0, 1), ("Inner", 3, 1, 2)])

    def test_comments_and_literals_are_no_code(self):
        self.assertEqual(only_class("""
            // class Gone { void f(); };
            class Text {
                /* int a_; */
                const char* brace_ = "}; int c_;";
                char quote_ = '"';
                char end_ = '}';
            };"""), ("Text", 0, 3))

    def test_one_method_too_many_is_seen(self):
        methods = "".join(f"    void f{i}();\n" for i in range(41))
        self.assertEqual(only_class("class Large {\n" + methods + "};\n"), ("Large", 41, 0))


class Functions(unittest.TestCase):
    def test_a_function_is_as_long_as_its_lines_from_head_to_brace(self):
        self.assertEqual(functions("""
namespace a {

void f(int x) {
    if (x) {
        g([&] { return x; });
    }
}

}  // namespace a
"""), [("f", 4, 5)])

    def test_initialisers_are_part_of_a_constructor(self):
        self.assertEqual(functions("""
Server::Server(Part& part)
    : part_{part},
      session_({.server = part}) {
    begin();
}
"""), [("Server::Server", 2, 5)])

    def test_a_table_is_no_function(self):
        self.assertEqual(functions("const Metric table[] = {\n    {name(1), {2}},\n    {name(2), {3}},\n};\n"), [])

    def test_one_line_too_many_is_seen(self):
        self.assertEqual(functions("int f() {\n" + "    ++x;\n" * 59 + "}\n"), [("f", 1, 61)])


if __name__ == "__main__":
    unittest.main()
