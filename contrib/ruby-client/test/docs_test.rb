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

  # Each call below is checked against the signatures as it is made: arguments, blocks and what is returned.
  USE = <<-'RUBY'
    module Sidekiq
      def self.configure_server; end
    end
    module Resque
      def self.before_fork; end
    end
    %w[rack sidekiq active_job resque].each { |f| require "hda/#{f}" }
    Hda.configure { |c| Hda::Config::TABLE.each_key { |k| c.public_send("#{k}=", c.public_send(k)) } }
    Hda.configure { |c| c.every = 5; c.dir = Pathname("/tmp"); c.dir_budget = "4G"; c.options }
    Hda.start(enabled: nil, socket: "/nonexistent/sock", app: "a", role: nil, revision: nil, every: 7, jitter: 0.5, min_interval: 1, max_interval: nil,
              deadline: 2.5, ack_timeout: 1r, headroom: 0, trace: false, names: true, dir: nil, dir_budget: 5, logger: $stderr)
    [nil, "A", String, :a].each { |k| Hda.tick(k) }
    Hda.tick
    [Hda.dump!(wait: 5), Hda.dump!(reason: "memory"), Hda.trace(0.1), Hda.trace(1) { 5 }, Hda.status, Hda.tracing?, Hda.started?]
    Hda::Rack.new(->(_) { [200, {}, []] }).call({})
    [Hda::Sidekiq.install, Hda::Resque.install, Hda::Sidekiq::Middleware.new.call(Object.new, { "args" => [1] }, "default") { 3 }]
    Class.new { def self.around_perform; end; include Hda::ActiveJob }
    Class.new { extend Hda::Resque }.around_perform_hda(1, 2) { 4 }
    p Hda.stop, Hda.status[:state]
    begin
      Hda.trace("5") { 1 }
    rescue RBS::Test::Tester::TypeError
      puts "it is checked"
    end
  RUBY

  def test_signatures_hold_when_they_are_called
    env = { "RBS_TEST_TARGET" => "Hda,Hda::*", "RBS_TEST_OPT" => "-I #{TOP}/sig -r pathname", "RBS_TEST_LOGLEVEL" => "error", "RBS_TEST_RAISE" => "true" }
    skip "no rbs that checks calls" unless ruby("", env, "-rrbs/test/setup")[2]
    out, err, = ruby("require 'hda'\n#{USE}", env, "-rpathname", "-rrbs/test/setup")
    assert_equal ["nil", ":off", "it is checked"], out.split("\n").last(3), err.lines.last(8).join
  end

  # No method is public that the signatures do not have.
  def test_signatures_are_complete
    skip "no rbs" unless ruby('require "rbs"')[2]
    out, err, = ruby(<<-'RUBY', { "SIG" => "#{TOP}/sig/hda.rbs" }, "-rrbs")
      %w[hda hda/rack hda/sidekiq hda/active_job hda/resque].each { |f| require f }
      top = RBS::Parser.parse_signature(File.read(ENV.fetch("SIG")))
      top = top[1] if top[0].is_a?(Array)
      walk = lambda do |decl, within|
        name = [within, decl.name.to_s].compact.join("::")
        real = Object.const_get(name)
        said = decl.members.grep(RBS::AST::Members::MethodDefinition).map { |m| [m.kind, m.name] }
        decl.members.grep(RBS::AST::Members::AttrReader).each { |m| said << [:instance, m.name] }
        decl.members.grep(RBS::AST::Members::AttrAccessor).each { |m| said << [:instance, m.name] << [:instance, :"#{m.name}="] }
        there = real.singleton_methods(false).map { |m| [:singleton, m] } + real.public_instance_methods(false).map { |m| [:instance, m] }
        there << [:instance, :initialize] if real.is_a?(Class) && real.private_instance_methods(false).include?(:initialize)
        # A Settings is made by configure alone.
        puts "#{name}: #{((said - there) | (there - said)).reject { |d| name == "Hda::Settings" && d[1] == :initialize }}"
        decl.members.each { |m| walk.call(m, name) if m.respond_to?(:members) }
      end
      [*top].flatten.each { |d| walk.call(d, nil) }
    RUBY
    assert_equal %w[Hda Hda::ActiveJob Hda::Rack Hda::Resque Hda::Settings Hda::Sidekiq Hda::Sidekiq::Middleware].map { |n| "#{n}: []" }, out.split("\n").sort, err
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
