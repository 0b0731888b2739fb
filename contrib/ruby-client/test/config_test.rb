# frozen_string_literal: true

# Options: where they come from, which are wrong. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class ConfigTest < HdaTest
  C = Hda::Config
  SAMPLE = { bool: ["1", true, false], count: ["500", 500, 7], real: ["2.5", 2.5, 9], text: %w[env env given],
             span: ["2.5", 2.5, 9], size: ["4K", 4096, 7], path: %w[/env /env /given] }.freeze

  def test_defaults
    c = C.new({}, {})
    assert_equal [nil, "/run/hda/ingest.sock", 1000, 0.1, 60, 120, 30, 0.25, false],
                 [c.enabled, c.socket, c.every, c.jitter, c.min_interval, c.deadline, c.ack_timeout, c.headroom, c.trace]
    refute_empty c.app
  end

  def test_every_option_explicit_beats_environment_beats_default
    C::TABLE.each do |name, (var, _, kind)|
      next if kind == :any
      text, env, given = SAMPLE.fetch(kind)
      assert_equal env, C.new({}, { var => text }).public_send(name), var
      assert_equal given, C.new({ name => given }, { var => text }).public_send(name), name.to_s
    end
  end

  def test_wrong_options_raise_and_name_themselves
    { every: 0, jitter: -1, headroom: Float::NAN, names: "much", trace: "yes", socket: 5, min_interval: "5",
      deadline: 1e20, ack_timeout: Complex(1, 1), max_interval: 0, dir: :tmp }.each do |name, v|
      e = assert_raises(ArgumentError, name.to_s) { C.new({ name => v }, {}) }
      assert_match(/\Ahda: #{name}: /, e.message)
    end
    assert_match(/unknown option evry/, assert_raises(ArgumentError) { C.new({ evry: 1 }, {}) }.message)
  end

  def test_a_wrong_environment_is_reported_and_not_taken
    { "HDA_EVERY" => "many", "HDA_HEADROOM" => "-1", "HDA_TRACE" => "perhaps", "HDA_DEADLINE" => "1e999" }.each do |var, text|
      c = nil
      _, err = capture_io { c = C.new({}, { var => text }) }
      assert_match(/\Ahda: #{var}: "#{Regexp.escape(text)}" is not .* is taken\n\z/, err)
      assert_equal C.new({}, {}).every, c.every
    end
  end

  def test_nil_is_as_if_not_given_and_switches_off_what_may_be_off
    env = { "HDA" => "0", "HDA_SOCKET" => "/env", "HDA_APP" => "env", "HDA_TRACE" => "1", "HDA_DIR" => "/env", "HDA_MAX_INTERVAL" => "9" }
    c = C.new(C::TABLE.transform_values { nil }, env)
    assert_equal [false, "/env", "env", true, nil, nil, 1000], [c.enabled, c.socket, c.app, c.trace, c.dir, c.max_interval, c.every]
    assert_equal ["/run/hda/ingest.sock", false], [C.new({ socket: "" }, {}).socket, C.new({ socket: nil }, {}).expected?]
    assert_equal [nil, "env"], [C.new({ dir: "" }, env).dir, C.new({ app: "" }, env).app]
  end

  # A program that becomes a daemon is in another folder when it dumps.
  def test_paths_are_made_absolute
    c = C.new({ dir: "tmp/dumps", socket: Struct.new(:to_path).new("run/sock") }, {})
    assert_equal [File.join(Dir.pwd, "tmp/dumps"), File.join(Dir.pwd, "run/sock")], [c.dir, c.socket]
    assert_equal [File.join(Dir.pwd, "dumps"), "~nobody-here/x"], [C.new({}, { "HDA_DIR" => "dumps" }).dir, C.new({ dir: "~nobody-here/x" }, {}).dir]
  end

  def test_the_classic_switch
    c = C.new({}, { "HEAP_DUMP" => "true" })
    assert_equal [true, true], [c.trace, c.enabled]
    assert_equal false, C.new({ trace: false }, { "HEAP_DUMP" => "true" }).trace
  end

  def test_labels_are_cut_at_whole_characters
    c = C.new({ app: "ä" * 40, role: "x" * 100, revision: "\xff\xfe" }, {})
    assert_equal ["ä" * 31, "x" * 63], [c.app, c.role]
    assert c.revision.valid_encoding?
  end
end
