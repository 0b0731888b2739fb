# frozen_string_literal: true

# Drills as tests: each runs Ruby programs beside a real hdad. SPDX-License-Identifier: BSD-2-Clause
require_relative "../test/helper"
require_relative "rig"

class DrillTest < HdaTest
  def self.runnable_methods
    self == DrillTest ? [] : super
  end

  def setup
    super
    @pids = []
    @daemon = Rig::Daemon.new(@dir, config).start
  end

  # Lines of the daemon's hda.conf.
  def config
    ""
  end

  def teardown
    @pids.each { |pid| Rig.finish(pid, :KILL) if Rig.running?(pid) }
    @daemon.stop(:KILL) if @daemon.pid
    super
  end

  # A number that the full drills set higher than `make check` does.
  def number(name, short)
    Integer(ENV[name] || short)
  end

  def environment(**more)
    { "HDA_SOCKET" => @daemon.socket, "HDA_APP" => "drill", "HDA_JITTER" => "0", "HDA_MIN_INTERVAL" => "0", "HDA_HEADROOM" => "0",
      "RUBYLIB" => Rig::LIB }.merge(more.transform_keys(&:to_s))
  end

  # The last line that the program prints is JSON.
  def program(code, env, *args)
    out, err, good = ruby(code, env, *args)
    assert good, "the program failed: #{out.lines.last(3).join}#{err.lines.last(15).join}"
    JSON.parse(out.lines.last)
  end
end
