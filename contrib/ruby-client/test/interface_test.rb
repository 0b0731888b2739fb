# frozen_string_literal: true

# Hda's own methods: what they take, return, keep. Each in a process of its own. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class InterfaceTest < HdaTest
  HEAD = <<-'RUBY'
    require "hda"
    def config = Hda.instance_variable_get(:@agent).instance_variable_get(:@config)
    def wrong
      yield
      "not raised"
    rescue ArgumentError => e
      e.message
    end
    threads = -> { Thread.list.map(&:name).count("hda") }
  RUBY

  def said(code, env = {})
    out, err, good = ruby(HEAD + code, { "HDA_SOCKET" => "/nonexistent/sock" }.merge(env))
    assert good, err
    @err = err
    out.split("\n")
  end

  def test_start_beats_configure_beats_environment_beats_default
    assert_equal ["[7, 20.0, 120, 0.25]"], said(<<-'RUBY', { "HDA_EVERY" => "9", "HDA_MIN_INTERVAL" => "20" })
      Hda.configure { |c| c.every = 8 }
      Hda.start(every: 7)
      p [config.every, config.min_interval, config.deadline, config.headroom]
    RUBY
  end

  def test_configure_starts_anew_what_runs_and_nothing_else
    assert_equal ["false", "5", "[6, 0]", "6"], said(<<-'RUBY')
      Hda.configure { |c| c.every = 5 }
      p Hda.started?
      Hda.start
      Hda.tick
      p config.every
      Hda.configure { |c| c.every = 6 }
      p [config.every, Hda.status[:jobs]]
      Hda.configure { |c| p c.every }
    RUBY
  end

  def test_a_wrong_option_raises_and_changes_nothing
    assert_equal ["hda: every: 0 is not a whole number from 1", "hda: unknown option evry", "1000", "hda: headroom: -1 is not a number from 0 to 1000000000", "1000", "true"], said(<<-'RUBY')
      puts wrong { Hda.configure { |c| c.every = 0 } }, wrong { Hda.start(evry: 1) }
      Hda.start
      p config.every
      puts wrong { Hda.configure { |c| c.every = 4; c.headroom = -1 } }
      Hda.start
      p config.every, Hda.started?
    RUBY
  end

  def test_a_wrong_environment_is_said_once
    said("Hda.configure { |c| c.app = 'shop' }\nHda.configure { |c| c.role = 'web' }\nHda.start", { "HDA_EVERY" => "0" })
    assert_equal ["hda: HDA_EVERY: \"0\" is not a whole number from 1; 1000 is taken\n"], @err.lines
  end

  def test_nobody_hears_of_a_wrong_environment_where_standard_error_is_closed
    assert_equal ["true"], said("$stderr.close\np Hda.start", { "HDA_EVERY" => "0" })
  end

  def test_how_long_somebody_waits
    said(<<-'RUBY', { "HDA_SOCKET" => @path }).each { |l| assert_equal "true", l }
      Hda.start(headroom: 1e9)
      [Float::INFINITY, 1e300, 10**400, 5r, Complex(5, 1)].each { |n| p Hda.dump!(wait: n).include?("MB free") }
      Hda.start(headroom: 0, socket: "/nonexistent/sock", min_interval: 0)
      p [Float::INFINITY, 1e300, Complex(5, 1)].all? { |n| Hda.dump!(wait: n).include?("no daemon") }
      p [Float::NAN, -1, 0].all? { |n| Hda.dump!(wait: n).is_a?(String) }
    RUBY
  end

  def test_in_another_ractor_it_says_so_and_raises_nothing
    assert_equal ['["hda is of the main Ractor", "hda is of the main Ractor", false, false, nil, false, 7, nil]', "true"], said(<<-'RUBY')
      $VERBOSE = nil
      Hda.start
      p Ractor.new { [Hda.dump!, Hda.status[:reason], Hda.started?, Hda.tracing?, Hda.stop, Hda.start, Hda.trace(1) { 7 }, Hda.tick] }.take, Hda.started?
    RUBY
  end

  # Started again, the thread of before ends: there is one.
  def test_one_thread_however_often_it_is_started
    assert_equal %w[0 1 1 0 false], said(<<-'RUBY')
      3.times { Hda.start }
      p threads.call
      Hda.tick
      p threads.call
      3.times { Hda.start; Hda.tick }
      till = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 20
      sleep 0.01 until threads.call == 1 || Process.clock_gettime(Process::CLOCK_MONOTONIC) > till
      p threads.call
      Hda.stop
      sleep 0.01 until threads.call == 0 || Process.clock_gettime(Process::CLOCK_MONOTONIC) > till
      p threads.call, Hda.started?
    RUBY
  end

  def test_enabled
    { { "HDA" => "0" } => "[false, true]", { "HDA" => "1" } => "[true, true]", {} => "[true, true]" }.each do |env, want|
      assert_equal [want], said("p [Hda.start, Hda.start(enabled: true)]", env)
    end
    assert_equal ["[false, false]"], said("p [Hda.start(enabled: false), Hda.started?]", { "HDA" => "1" })
  end

  def test_switched_off_while_it_runs
    assert_equal ["true", "false", "hda is switched off", "false", "0"], said(<<-'RUBY')
      Hda.start(trace: true)
      Hda.tick
      p Hda.tracing?
      Hda.configure { |c| c.enabled = false }
      p Hda.started?
      puts Hda.dump!
      p Hda.tracing?
      till = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 20
      sleep 0.01 until threads.call == 0 || Process.clock_gettime(Process::CLOCK_MONOTONIC) > till
      p threads.call
    RUBY
  end

  # The keys are the same, whatever it does or does not.
  def test_status_where_nothing_is_done
    keys = %i[attempts child connected dumps failures jobs last pause pid reason since state thread took traced until].inspect
    assert_equal ['[:off, "hda is not started"]', keys, '[:off, "hda is switched off"]', keys, "[:idle, nil]", keys, '[:off, "hda is not started"]', keys], said(<<-'RUBY')
      show = -> { s = Hda.status; p s.values_at(:state, :reason), s.keys.sort }
      show.call
      Hda.start(enabled: false)
      show.call
      Hda.start
      show.call
      Hda.stop
      show.call
    RUBY
  end

  # What status says when all is well, and that it is a copy.
  def test_status
    serve { |s, _| s.take }
    want = %i[attempts child connected dumps failures jobs last pause pid reason since state thread took traced until]
    assert_equal [want.inspect, "[true, true, {}, true]", "[0.0, 1]"], said(<<-'RUBY', { "HDA_SOCKET" => @path })
      Hda.start(every: 1000, headroom: 0)
      Hda.tick
      Hda.dump!(wait: true)
      s = Hda.status
      p s.keys.sort, [s[:pause] > 0, s[:took] > s[:pause], s[:failures], s[:pid] == Process.pid]
      s[:failures][:mine] = 1
      p [Hda.status[:failures].size.to_f, Hda.status[:dumps]]
    RUBY
  end
end
