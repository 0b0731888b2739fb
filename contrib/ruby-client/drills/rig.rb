# frozen_string_literal: true

# What the drills share: a real hdad, a real Redis, a real Sidekiq, and what /proc says of a process. Every process is ended by
# its pid. Environment: top_builddir (where hdad and hdactl are). SPDX-License-Identifier: BSD-2-Clause
require "fileutils"
require "json"
require "open3"
require "rbconfig"
require "tmpdir"

module Rig
  LIB = File.expand_path("../lib", __dir__)
  HERE = __dir__
  BUILD = File.expand_path(ENV["top_builddir"] || "build-dev")

  module_function

  def mono
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  # Waits until the block is true: its value, or nil when the deadline passed.
  def wait_for(seconds)
    till = mono + seconds
    until (v = yield)
      return nil if mono > till
      sleep 0.01
    end
    v
  end

  # Ends a child of ours and waits for it: its status, nil when there was none.
  def finish(pid, signal = :TERM, seconds = 20)
    return nil unless pid
    Process.kill(signal, pid)
    status = wait_for(seconds) { Process.wait2(pid, Process::WNOHANG) }
    return status[1] if status
    Process.kill(:KILL, pid)
    Process.wait2(pid)[1]
  rescue Errno::ESRCH, Errno::ECHILD
    nil
  end

  # One field of /proc/PID/status in kB, or 0.
  def status_kb(pid, field)
    File.read("/proc/#{pid}/status")[/^#{field}:\s+(\d+)/, 1].to_i
  rescue SystemCallError
    0
  end

  def fds(pid)
    Dir.children("/proc/#{pid}/fd").size
  rescue SystemCallError
    0
  end

  def threads(pid)
    Dir.children("/proc/#{pid}/task").size
  rescue SystemCallError
    0
  end

  def state(pid)
    File.read("/proc/#{pid}/stat").rpartition(")")[2].split[0]
  rescue SystemCallError
    nil
  end

  def running?(pid)
    s = state(pid)
    !s.nil? && s != "Z"
  end

  # The children of a process, whichever of its threads forked them.
  def children(pid)
    Dir["/proc/#{pid}/task/*/children"].flat_map { |f| File.read(f).split.map(&:to_i) }
  rescue SystemCallError
    []
  end

  # Starts a program with its output in a file; its pid.
  def launch(env, *command, log:, dir: "/")
    Process.spawn({ "RUBYOPT" => nil, "HEAP_DUMP" => nil, "HDA" => nil }.merge(env), *command,
                  chdir: dir, in: "/dev/null", out: [log, "a"], err: [log, "a"])
  end

  # A real hdad on a directory of its own; may be killed and started again on the same state.
  class Daemon
    attr_reader :dir, :pid, :log

    # more: lines of hda.conf. Of a process more dumps are kept than the 100 of the default: a drill counts them.
    def initialize(dir, more = "")
      @dir = dir
      @log = "#{dir}/hdad.log"
      File.write("#{dir}/hda.conf", "[store]\ndetail_dumps = 100000\n#{more}")
      %w[state run].each { |d| Dir.mkdir("#{dir}/#{d}", 0o700) }
      FileUtils.touch(@log)
    end

    def socket
      "#{@dir}/run/ingest.sock"
    end

    def readies
      File.read(@log).scan("event=ready").size
    end

    def start
      before = readies
      @pid = Rig.launch({}, "#{BUILD}/hdad", "-c", "#{dir}/hda.conf", "--state-dir", "#{@dir}/state", "--runtime-dir", "#{@dir}/run", log: @log)
      return self if Rig.wait_for(30) { readies > before || !Rig.running?(@pid) } && readies > before
      raise "hdad did not start: #{File.read(@log)}"
    end

    def stop(signal = :TERM)
      s = Rig.finish(@pid, signal)
      @pid = nil
      s
    end

    # What hdactl says, as a Hash; nil when it answers nothing that is JSON.
    def report(*args)
      # Notes for people go to standard error.
      out, = Open3.capture3({ "HDA_RUNTIME_DIR" => "#{@dir}/run" }, "#{BUILD}/hdactl", "--json", *args)
      JSON.parse(out)
    rescue JSON::ParserError
      nil
    end

    # As a person reads it.
    def text(*args)
      Open3.capture2e({ "HDA_RUNTIME_DIR" => "#{@dir}/run", "COLUMNS" => "120" }, "#{BUILD}/hdactl", *args)[0]
    end

    # The dumps that are in the store, oldest first: rows of `dumps --all`.
    def dumps
      r = report("dumps", "--all")
      r ? r.fetch("rows", []) : []
    end
  end

  # A real Redis with its append-only file, so that a killed one has lost nothing when it is back.
  class Redis
    attr_reader :pid, :socket

    def initialize(dir, durable: false)
      @dir = dir
      @socket = "#{dir}/redis.sock"
      @options = durable ? %w[--appendonly yes --appendfsync always] : %w[--appendonly no]
    end

    def start
      FileUtils.rm_f(@socket)
      @pid = Rig.launch({}, "redis-server", "--port", "0", "--unixsocket", @socket, "--save", "", "--dir", @dir, *@options,
                        log: "#{@dir}/redis.log")
      # Its socket is there before it has read its file.
      return self if Rig.wait_for(20) { command("PING") == "+PONG\r\n" }
      raise "Redis did not start: #{File.read("#{@dir}/redis.log")}"
    end

    # One inline command on a connection of its own: the first line of the answer, nil when there is none.
    def command(*words)
      UNIXSocket.open(@socket) do |s|
        s.write("#{words.join(' ')}\r\n")
        s.gets
      end
    rescue SystemCallError
      nil
    end

    def stop(signal = :TERM)
      Rig.finish(@pid, signal)
      @pid = nil
    end
  end
end
