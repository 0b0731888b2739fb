# frozen_string_literal: true

# What must not run in the dump's child. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class ForkTest < HdaTest
  # Other gems' hooks, an at_exit, a finalizer, a buffered file: each leaves a line in the marker file, with the pid.
  PROGRAM = <<-'RUBY'
    require "helper"
    MARKS = ENV.fetch("MARKS")
    def mark(what) = File.open(MARKS, "a") { |f| f.puts "#{what} #{Process.pid}" }
    module Hook
      def _fork = super.tap { |pid| mark("_fork hook") if pid.zero? }
      def fork(*a, &b) = super.tap { |pid| mark("fork hook") if pid.nil? }
    end
    Process.singleton_class.prepend(Hook)
    Kernel.prepend(Hook)
    Object.prepend(Hook)
    at_exit { mark("at_exit") }
    ObjectSpace.define_finalizer(Object.new, proc { mark("finalizer") })
    trap("TERM") { mark("TERM handler") }
    buffered = File.open(ENV.fetch("MARKS") + ".buffer", "w")
    buffered.write("once\n")
    server = StandIn.new(ENV.fetch("SOCK")) do |s, _|
      s.go
      _, head = s.frame
      child = children.first
      fds = Dir.children("/proc/#{child}/fd").map { |n| [n, File.readlink("/proc/#{child}/fd/#{n}")] } rescue []
      puts "nice #{File.read("/proc/#{child}/stat").rpartition(")")[2].split[16]}"
      puts "oom #{File.read("/proc/#{child}/oom_score_adj").to_i}"
      puts "files #{fds.count { |n, to| n.to_i > 2 && !to.include?("[eventfd]") }}" # Ruby keeps its own
      s.drain
    end
    Hda.start(app: "t", socket: ENV.fetch("SOCK"), every: 1, jitter: 0, min_interval: 0, headroom: 0)
    $stdout.sync = true
    Hda.tick
    till = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 40
    sleep 0.01 until Hda.status[:dumps] == 1 || Process.clock_gettime(Process::CLOCK_MONOTONIC) > till
    puts "dumps #{Hda.status[:dumps]}"
    pid = fork { exit!(0) } # the hooks do work
    Process.wait(pid)
    puts "parent #{Process.pid} control #{pid}"
  RUBY

  def test_no_hook_no_at_exit_no_open_file_in_the_child
    marks = "#{@dir}/marks"
    out, err, good = ruby(PROGRAM, { "MARKS" => marks, "SOCK" => @path })
    assert good, err
    said = out.lines.map { |l| l.split(" ", 2) }.to_h
    # Two files: the socket, and the pipe for its last word.
    assert_equal ["1\n", "10\n", "2\n"], said.values_at("dumps", "nice", "files"), out + err
    assert_equal "1000\n", said["oom"] if Process.euid.zero?
    parent, control = out.match(/parent (\d+) control (\d+)/).captures
    lines = File.readlines(marks, chomp: true)
    assert_includes lines, "at_exit #{parent}"
    assert lines.any? { |l| l.end_with?("hook #{control}") }, "the hooks are there: #{lines}"
    assert_empty lines.reject { |l| l.end_with?(" #{parent}", " #{control}") }
    assert_equal "once\n", File.read("#{marks}.buffer")
  end
end
