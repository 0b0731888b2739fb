# frozen_string_literal: true

# Options: where they come from, which are wrong. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class ConfigTest < HdaTest
  C = Hda::Config
  SAMPLE = { bool: ["1", true, false], count: ["500", 500, 7], real: ["2.5", 2.5, 9], text: %w[env env given],
             span: ["2.5", 2.5, 9], size: ["4K", 4096, 7] }.freeze

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
    { every: 0, deadline: -1, headroom: Float::NAN, jitter: "much", trace: "yes", socket: 5, min_interval: nil }.each do |name, v|
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
