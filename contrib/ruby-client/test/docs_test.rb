# frozen_string_literal: true

# What the texts say is there. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class DocsTest < HdaTest
  TOP = File.expand_path("..", __dir__)

  def test_every_option_stands_in_the_readme_with_its_variable_and_in_the_signatures
    rows = File.readlines("#{TOP}/README.md").grep(/\A\| `/).map { |l| l.split("|").map(&:strip)[1, 2] }.to_h
    signatures = File.read("#{TOP}/sig/hda.rbs")
    Hda::Config::TABLE.each do |name, (var, _, _)|
      assert_equal var ? "`#{var}`" : "", rows["`#{name}`"], name.to_s
      assert_match(/\?#{name}: /, signatures)
    end
  end

  # Every public method stands in the README's table or text, in the signatures, and has a comment where it is defined.
  def test_every_public_method_is_documented
    readme = File.read("#{TOP}/README.md")
    signatures = File.read("#{TOP}/sig/hda.rbs")
    source = File.read("#{LIB}/hda.rb")
    methods = Hda.singleton_methods(false).sort
    assert_equal %i[configure dump! start started? status stop tick trace tracing?], methods
    methods.each do |m|
      assert_match(/`Hda\.#{Regexp.escape(m.to_s)}[`( ]/, readme, m.to_s)
      assert_match(/def self\.#{Regexp.escape(m.to_s)}: /, signatures, m.to_s)
      assert_match(/^ +# .*\n +def #{Regexp.escape(m.to_s)}[(\n]/, source, m.to_s)
    end
  end

  # In a process of its own: RBS has constants that another test looks for.
  def test_signatures_are_rbs
    skip "no rbs" unless ruby('require "rbs"')[2]
    out, err, = ruby(<<-'RUBY', { "SIG" => "#{TOP}/sig/hda.rbs" }, "-rrbs")
      top = RBS::Parser.parse_signature(File.read(ENV.fetch("SIG")))
      top = top[1] if top[0].is_a?(Array) # since rbs 3: [directives, declarations]
      settings = [*top].flatten.first.members.find { |m| m.respond_to?(:name) && m.name.to_s == "Settings" }
      puts settings.members.map(&:name).sort
    RUBY
    assert_equal [*Hda::Config::TABLE.keys, :options].sort.map(&:to_s), out.split("\n"), err
  end

  def test_the_gem_holds_what_it_needs
    spec = Dir.chdir(TOP) { Gem::Specification.load("hda.gemspec") }
    assert_equal Dir["#{LIB}/**/*.rb"].map { |f| f.delete_prefix("#{TOP}/") }.sort, spec.files.grep(/\.rb\z/).sort
    assert_empty %w[README.md CHANGELOG.md LICENSE sig/hda.rbs] - spec.files
    assert_equal File.read("#{TOP}/../../LICENSE"), File.read("#{TOP}/LICENSE")
    assert_empty spec.dependencies
    assert_equal ["hda", Hda::VERSION, ">= 2.7"], [spec.name, spec.version.to_s, spec.required_ruby_version.to_s]
    assert_match(/^## #{Regexp.escape(Hda::VERSION)}\b/, File.read("#{TOP}/CHANGELOG.md"))
  end

  # test/README.md says by which test each row is proved.
  def test_every_test_that_is_named_exists
    code = Dir["#{__dir__}/*_test.rb"].map { |f| File.read(f) }.join
    named = File.readlines("#{__dir__}/README.md").grep(/\A\|/).flat_map { |l| l.split("|")[2].to_s.scan(/`([a-z0-9]+(?:_[a-z0-9]+)+)`/).flatten }
    assert_operator named.size, :>, 40
    named.each { |t| assert_includes code, "def test_#{t}\n", t }
    Hda::Config::TABLE.each_key { |o| assert_match(/^\| .*`#{o}`/, File.read("#{__dir__}/README.md")) }
  end
end
