# frozen_string_literal: true

# Everything that forks after the start: real Puma in cluster mode, real Unicorn, Parallel; a fork as Sidekiq's swarm and Spring
# make it. Each worker has an identity of its own in hdad, counted from zero. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class ServersDrill < DrillTest
  # One application for both servers: says which worker answered.
  RACKUP = <<-'RUBY'
    require "hda/rack"
    use Hda::Rack
    run ->(_env) { [200, { "Content-Type" => "text/plain" }, ["#{Process.pid} #{Process.ppid}"]] }
  RUBY
  WORKERS = 2

  def get(path)
    UNIXSocket.open(path) do |s|
      s.write("GET / HTTP/1.0\r\nHost: drill\r\n\r\n")
      s.read.split("\r\n\r\n", 2)[1]
    end
  rescue SystemCallError
    nil
  end

  def installed?(program)
    ENV.fetch("PATH").split(":").any? { |d| File.executable?("#{d}/#{program}") }
  end

  # Requests until each of the workers has two dumps in the store.
  def two_dumps_of_each_worker(*command)
    skip "no #{command[0]}" unless installed?(command[0])
    File.write("#{@dir}/config.ru", RACKUP)
    server = Rig.launch(environment("HDA_EVERY" => "10"), *command, log: "#{@dir}/server.log", dir: @dir)
    @pids << server
    seen = Hash.new(0)
    await("the server answers; #{command[0]}", 60) { get("#{@dir}/web.sock") }
    await("two dumps of each worker", 60) do
      20.times { (pid = get("#{@dir}/web.sock")) && seen[pid.split[0].to_i] += 1 }
      by = @daemon.dumps.group_by { |d| d["pid"] }
      by.size >= WORKERS && by.values.all? { |list| list.size >= 2 }
    end
    by = @daemon.dumps.group_by { |d| d["pid"] }
    assert_equal seen.keys.sort, by.keys.sort, "the workers, each by its own pid, and not their parent"
    refute_includes by.keys, server
    by.each { |pid, list| assert_includes 10..(seen[pid] + 10), list.map { |d| d["counter"] }.min, "counted from zero" }
    assert_equal 0, Rig.finish(server).exitstatus || 0
    await("no process is left") { by.keys.none? { |pid| Rig.running?(pid) } }
  end

  def test_puma_in_cluster_mode
    two_dumps_of_each_worker("puma", "-w", WORKERS.to_s, "-t", "1:2", "--preload", "-b", "unix://#{@dir}/web.sock", "-e", "production", "config.ru")
  end

  def test_unicorn
    File.write("#{@dir}/unicorn.rb", "worker_processes #{WORKERS}\npreload_app true\nlisten '#{@dir}/web.sock'\n")
    two_dumps_of_each_worker("unicorn", "-c", "unicorn.rb", "-E", "none", "config.ru")
  end

  # The parent has ticked, and has a thread of hda's; then it forks in the way named.
  FORKS = <<-'RUBY'
    require "hda"
    require "json"
    def wait_for(n)
      till = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 40
      sleep 0.01 until Hda.status[:dumps] >= n || Process.clock_gettime(Process::CLOCK_MONOTONIC) > till
    end
    def life
      Hda.tick("First")
      first = Hda.status[:jobs]
      4.times { Hda.tick("More") }
      wait_for(1)
      [Process.pid, first, Hda.status[:dumps]]
    end
    $how = ENV.fetch("HOW")
    Hda.start(every: 5)
    5.times { Hda.tick("Parent") }
    wait_for(1)
    lives =
      if $how == "parallel"
        require "parallel"
        Parallel.map([1, 2], in_processes: 2) { life }
      else
        # A swarm forks its workers one after the other from a loaded parent; Spring forks from a server, and detaches.
        Array.new(2) do
          r, w = IO.pipe
          pid = fork do
            Process.setsid if $how == "spring"
            w.puts JSON.generate(life)
            w.close
            $how == "spring" ? exit!(0) : exit(0)
          end
          w.close
          line = r.read
          Process.wait(pid)
          JSON.parse(line)
        end
      end
    puts JSON.generate(lives: lives, parent: [Process.pid, Hda.status[:jobs], Hda.status[:dumps]])
  RUBY

  %w[parallel swarm spring].each do |how|
    define_method("test_fork_as_#{how}_does_it") do
      if how == "parallel"
        begin
          require "parallel"
        rescue LoadError
          skip "no ruby-parallel"
        end
      end
      r = program(FORKS, environment("HOW" => how))
      assert_equal [5, 1], r["parent"][1..2]
      r["lives"].each { |_, first, dumps| assert_equal [1, 1], [first, dumps] }
      pids = (r["lives"] + [r["parent"]]).map(&:first)
      assert_equal pids.sort, @daemon.dumps.map { |d| d["pid"] }.sort, "one dump each, under its own pid"
      assert_equal [5], @daemon.dumps.map { |d| d["counter"] }.uniq
    end
  end
end
